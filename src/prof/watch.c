// SPDX-License-Identifier: BSD-2-Clause
// watch: asks for verdicts again and again, and tells of each that is new.
#include "command.h"
#include "hook.h"
#include "judged.h"
#include "output.h"
#include "source.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A stack, by what is the same in the next profile, and also after the program was started anew: names.
typedef struct known {
    uint64_t key;
    enum verdict verdict;
} known;

typedef struct watching {
    const char *source, *command;
    double faster, every; // seconds
    known *before;        // of the last look, by key
    size_t before_count;
    double seconds; // for which the program had sampled its gets then
    bool lost;      // the source does not answer
} watching;

static int read_options(watching *w, int count, char **words)
{
    static const struct option long_options[] = {{"every", required_argument, NULL, 'e'},
                                                 {"exec", required_argument, NULL, 'x'},
                                                 {"fast", required_argument, NULL, 'f'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(count, words, ":h", long_options, NULL)) != -1;) {
        if (letter == 'h') {
            fputs(help_of("watch"), stdout);
            return OPTIONS_HELPED;
        }
        if (letter == ':')
            return usage("watch", "%s needs a value.", words[optind - 1]);
        if (letter == '?')
            return usage("watch", "there is no option '%s'.", words[optind - 1]);
        if (letter == 'x')
            w->command = optarg;
        else if (letter == 'f' && !read_factor(&w->faster, optarg, 1000))
            return usage("watch", "--fast %s is not a factor from 1 to 1000.", optarg);
        else if (letter == 'e' && !read_factor(&w->every, optarg, 86400))
            return usage("watch", "--every %s is not a number of seconds from 1 to 86400.", optarg);
    }
    if (count - optind != 1)
        return usage("watch", "it takes one SOURCE.");
    w->source = words[optind];
    w->every = floor(w->every);
    return 0;
}

static uint64_t key_of(const names *all, const judged *v)
{
    uint64_t key = 0xcbf29ce484222325;
    for (const char *c = v->pond; *c != '\0'; c++)
        key = (key ^ (unsigned char)*c) * 0x100000001b3;
    for (size_t i = 0; i < v->of->count; i++)
        key = (key ^ all->frames[v->of->frames[i]].hash) * 0x9e3779b97f4a7c15;
    return key;
}

static int by_key(const void *a, const void *b)
{
    const known *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static enum verdict before_of(const watching *w, uint64_t key)
{
    const known wanted = {.key = key};
    const known *found =
        w->before_count == 0 ? NULL : bsearch(&wanted, w->before, w->before_count, sizeof wanted, by_key);
    return found == NULL ? VERDICT_STEADY : found->verdict;
}

static void put_time_of_day(void)
{
    char when[64] = "";
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL)
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &parts);
    printf("%s  ", when);
}

static void tell_command(const watching *w, const names *all, const judged *v)
{
    const hook_variable variables[] = {{"POND_VERDICT", verdict_name(v->result.verdict)},
                                       {"POND_NAME", v->pond},
                                       {"POND_FUNCTION", function_of(all, v->of)}};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    trouble t = {""};
    if (out == NULL)
        no_memory();
    put_judged(out, all, v);
    if (fclose(out) != 0)
        no_memory();
    if (!hook_run(w->command, text, variables, sizeof variables / sizeof *variables, &t))
        tell(&t);
    free(text);
}

static void look_at(const watching *w, const names *all, const judged *v, enum verdict before)
{
    const judged was = {.result.verdict = before};
    if (v->result.verdict == before || (!is_found(v) && !is_found(&was)))
        return;
    put_time_of_day();
    if (is_found(&was))
        printf("was %s, is ", verdict_name(before));
    put_judged(stdout, all, v);
    fflush(stdout);
    if (is_found(v) && w->command != NULL)
        tell_command(w, all, v);
}

// Stacks of the same names are one; of it counts what comes first.
static void look_at_all(watching *w, const names *all, const judgement *j)
{
    known *now = allocate(j->count, sizeof *now);
    size_t count = 0;
    if (j->seconds < w->seconds)
        w->before_count = 0; // another process, or another profile
    for (size_t i = 0; i < j->count; i++) {
        uint64_t key = key_of(all, &j->all[i]);
        bool seen = false;
        for (size_t k = 0; k < count && !seen; k++)
            seen = now[k].key == key;
        if (seen)
            continue;
        now[count++] = (known){key, j->all[i].result.verdict};
        look_at(w, all, &j->all[i], before_of(w, key));
    }
    qsort(now, count, sizeof *now, by_key);
    free(w->before);
    w->before = now;
    w->before_count = count;
    w->seconds = j->seconds;
}

static void look(watching *w)
{
    names all = {0};
    profile p;
    judgement j;
    trouble t = {""};
    bool done = load(&p, &all, w->source, NULL, &t);
    if (done) {
        done = judgement_make(&j, &p, w->faster, &t) || fail_of(&t, source_name(w->source));
        if (done) {
            if (w->lost)
                note("%s: it answers again.", source_name(w->source));
            names_mark_shared(&all);
            look_at_all(w, &all, &j);
            judgement_free(&j);
        }
        profile_free(&p);
    }
    names_free(&all);
    if (!done && !w->lost) {
        tell(&t);
        note("it is asked again, every %g s.", w->every);
    }
    w->lost = !done;
}

static void wait_until(const struct timespec *at)
{
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL) == EINTR)
        ;
}

int command_watch(int count, char **words)
{
    watching w = {.every = 60, .faster = 1};
    int status = read_options(&w, count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    hook_signals();
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    while (fflush(stdout) == 0 && ferror(stdout) == 0) {
        look(&w);
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        do
            at.tv_sec += (time_t)w.every;
        while (at.tv_sec <= now.tv_sec);
        wait_until(&at);
    }
    free(w.before);
    return 0; // main tells what became of standard output
}
