// SPDX-License-Identifier: BSD-2-Clause
// pond-scout: runs a program, and says which of its objects belong in a pond.
#include "scout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *format, va_list arguments)
{
    fputs("pond-scout: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void end_with(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    exit(2);
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void *allocate(size_t count, size_t size)
{
    void *p = calloc(count == 0 ? 1 : count, size);
    if (p == NULL)
        end_with("there is not enough memory.");
    return p;
}

char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        end_with("there is not enough memory.");
    return text;
}

// ---- the directory of what is counted ----

static char *make_directory(const asked *a)
{
    if (a->keep != NULL) {
        char whole[4096];
        if (mkdir(a->keep, 0700) != 0)
            end_with("the directory %s cannot be made: %s.", a->keep, strerror(errno));
        if (realpath(a->keep, whole) == NULL || strlen(whole) > 380)
            end_with("the name of the directory %s is too long.", a->keep);
        return text_of("%s", whole);
    }
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/' || strlen(parent) > 300)
        parent = "/tmp";
    char *made = text_of("%s/pond-scout.XXXXXX", parent);
    if (mkdtemp(made) == NULL)
        end_with("no directory could be made in %s: %s.", parent, strerror(errno));
    return made;
}

static void remove_directory(const char *path)
{
    DIR *all = opendir(path);
    if (all != NULL) {
        for (const struct dirent *entry; (entry = readdir(all)) != NULL;) {
            if (entry->d_name[0] != '.')
                unlinkat(dirfd(all), entry->d_name, 0);
        }
        closedir(all);
    }
    rmdir(path);
}

// ---- answers ----

static FILE *open_output(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return stdout;
    FILE *out = fopen(path, "we");
    if (out == NULL)
        end_with("%s cannot be written: %s.", path, strerror(errno));
    return out;
}

static void close_output(FILE *out, const char *path)
{
    if (fflush(out) != 0 || ferror(out) != 0)
        end_with("%s cannot be written: %s.", path != NULL ? path : "standard output", strerror(errno));
    if (out != stdout)
        fclose(out);
}

static void answer(const asked *a, const char *directory)
{
    process p = load(a, directory);
    name_chains(&p);
    groups g = group_all(&p);
    judge_all(&g, &p, a);
    if (a->json != NULL) {
        FILE *out = open_output(a->json);
        json_print(out, &g, &p);
        close_output(out, a->json);
    }
    if (a->json == NULL || a->output != NULL || strcmp(a->json, "-") != 0) {
        FILE *out = open_output(a->output);
        table_print(out, &g, &p, a);
        lines_print(out, &g, a);
        close_output(out, a->output);
    }
}

int main(int count, char **words)
{
    asked a;
    options_read(&a, count, words);
    if (a.read != NULL) {
        answer(&a, a.read);
        return 0;
    }
    char *directory = make_directory(&a);
    int status = run(&a, directory);
    answer(&a, directory);
    if (a.keep == NULL)
        remove_directory(directory);
    return status;
}
