// SPDX-License-Identifier: BSD-2-Clause
// record: runs a command with POND_PROFILE, and takes what it leaves. Each process of it that uses ponds
// writes a file of its own (%p) into a directory that nobody else can look into.
#include "../launch/launch.h"
#include "command.h"
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct recording {
    options o;
    const char *rate;
    char **command;
    char directory[256];
} recording;

static bool is_rate(const char *text)
{
    size_t digits = strspn(text, "0123456789"), length = strlen(text);
    return digits > 0 && digits < 19 &&
           (length == digits || (length == digits + 1 && strchr("kKmM", text[digits]) != NULL));
}

static int read_options(recording *r, int count, char **words)
{
    static const struct option long_options[] = {{"output", required_argument, NULL, 'o'},
                                                 {"rate", required_argument, NULL, 'r'},
                                                 {"value", required_argument, NULL, 'v'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(count, words, "+:o:r:v:h", long_options, NULL)) != -1;) {
        if (letter == 'h') {
            fputs(help_of("record"), stdout);
            return OPTIONS_HELPED;
        }
        if (letter == ':')
            return usage("record", "%s needs a value.", words[optind - 1]);
        if (letter == '?')
            return usage("record", "there is no option '%s' (the command's own come after --).",
                         words[optind - 1]);
        if (letter == 'o')
            r->o.output = optarg;
        else if (letter == 'v')
            r->o.pick.value = optarg;
        else
            r->rate = optarg;
    }
    r->command = words + optind;
    if (optind == count)
        return usage("record", "it takes a command to run: record -o FILE -- COMMAND...");
    if (r->o.output == NULL || strcmp(r->o.output, "-") == 0)
        return usage("record", "-o FILE is missing: the command may have standard output for itself.");
    if (!is_rate(r->rate))
        return usage("record", "--rate %s is not a number of bytes, as 512k is.", r->rate);
    return 0;
}

static bool ends(const char *text, const char *with)
{
    size_t length = strlen(text), end = strlen(with);
    return length >= end && strcmp(text + length - end, with) == 0;
}

// A directory whose name POND_PROFILE can have in it: no comma, no %, no space.
static bool make_directory(recording *r, trouble *t)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/' || strpbrk(parent, ",% ") != NULL || strlen(parent) > 200)
        parent = "/tmp";
    snprintf(r->directory, sizeof r->directory, "%s/pond-prof.XXXXXX", parent);
    return mkdtemp(r->directory) != NULL ||
           fail(t, "no directory could be made in %s: %s.", parent, strerror(errno));
}

static void remove_directory(const recording *r)
{
    DIR *all = opendir(r->directory);
    if (all != NULL) {
        for (const struct dirent *entry; (entry = readdir(all)) != NULL;) {
            if (entry->d_name[0] != '.')
                unlinkat(dirfd(all), entry->d_name, 0);
        }
        closedir(all);
    }
    rmdir(r->directory);
}

enum { MOST_PROCESSES = 1000 };

typedef struct found {
    char *paths[MOST_PROCESSES]; // of the profiles; that of the command itself is the first, if it wrote one
    size_t count;
    bool own;
} found;

static void find_profiles(found *all, const recording *r, long pid)
{
    DIR *files = opendir(r->directory);
    if (files == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(files)) != NULL && all->count < MOST_PROCESSES;) {
        if (!ends(entry->d_name, ".pb.gz"))
            continue;
        char path[600];
        snprintf(path, sizeof path, "%.255s/%.255s", r->directory, entry->d_name);
        all->paths[all->count++] = strdup(path);
        if (strtol(entry->d_name, NULL, 10) == pid) {
            char *first = all->paths[0];
            all->paths[0] = all->paths[all->count - 1];
            all->paths[all->count - 1] = first;
            all->own = true;
        }
    }
    closedir(files);
}

static bool draw_all(recording *r, const found *profiles, trouble *t)
{
    names all = {0};
    profile *p = allocate(profiles->count, sizeof *p);
    size_t loaded = 0;
    while (loaded < profiles->count && load(&p[loaded], &all, profiles->paths[loaded], NULL, t))
        loaded++;
    bool done = loaded == profiles->count;
    if (done) {
        picture shown = {.source = r->command[0], .live = p, .live_count = loaded};
        done = draw(&r->o, &all, &shown, t);
    }
    while (loaded > 0)
        profile_free(&p[--loaded]);
    free(p);
    names_free(&all);
    return done;
}

// "heap.pb.gz" -> "heap.123.pb.gz", for other processes than the first.
static void numbered(char *name, size_t size, const char *output, const char *from)
{
    const char *number = strrchr(from, '/') + 1;
    size_t end = strlen(output) - (ends(output, ".pb.gz") ? strlen(".pb.gz") : 0);
    snprintf(name, size, "%.*s.%.*s%s", (int)end, output, (int)strcspn(number, "."), number, output + end);
}

static bool save(const char *from, const char *to, trouble *t)
{
    names all = {0};
    profile p;
    bytes raw = {0};
    bool done = load(&p, &all, from, &raw, t);
    if (done) {
        profile_free(&p);
        done = write_whole(raw.data, raw.size, to, t);
    }
    bytes_free(&raw);
    names_free(&all);
    return done;
}

static bool save_all(const recording *r, const found *profiles, trouble *t)
{
    if (!save(profiles->paths[0], r->o.output, t))
        return false;
    for (size_t i = 1; i < profiles->count; i++) {
        char name[4096];
        numbered(name, sizeof name, r->o.output, profiles->paths[i]);
        if (!save(profiles->paths[i], name, t))
            return false;
        note("another process of the command wrote a profile: %s", name);
    }
    return true;
}

static bool keep(recording *r, const launch_result *result, trouble *t)
{
    found profiles = {.count = 0};
    find_profiles(&profiles, r, result->pid);
    bool done;
    if (profiles.count == 0 && result->signal != 0)
        done = fail(t,
                    "the command wrote no profile: signal %d (%s) killed it, and one is written when a "
                    "program exits.",
                    result->signal, strsignal(result->signal));
    else if (profiles.count == 0)
        done = fail(
            t, "the command wrote no profile: it does not link libpond, used no pond, found no "
               "libpond-profile, left by _exit(), or called pond_profile_set() with words of its own, which "
               "replace those of this tool.");
    else
        done = ends(r->o.output, ".svg") ? draw_all(r, &profiles, t) : save_all(r, &profiles, t);
    for (size_t i = 0; i < profiles.count; i++)
        free(profiles.paths[i]);
    return done;
}

int command_record(int count, char **words)
{
    recording r = {.rate = "512k"};
    trouble t = {""};
    int status = read_options(&r, count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    if (!is_writable(r.o.output, &t) || !make_directory(&r, &t))
        return tell(&t);
    char setting[400];
    snprintf(setting, sizeof setting, "rate=%s,exit=%s/%%p.pb.gz", r.rate, r.directory);
    setenv("POND_PROFILE", setting, 1);
    launch_result result = {0};
    bool done = launch(r.command, &result, t.text, sizeof t.text) && keep(&r, &result, &t);
    remove_directory(&r);
    if (!done)
        return tell(&t);
    if (result.signal != 0)
        note("signal %d (%s) killed the command; its profile is in %s", result.signal,
             strsignal(result.signal), r.o.output);
    else
        note("the command ended with status %d; its profile is in %s", result.status, r.o.output);
    return result.signal != 0 ? 128 + result.signal : result.status;
}
