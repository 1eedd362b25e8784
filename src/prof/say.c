// SPDX-License-Identifier: BSD-2-Clause
// Failures, remarks, progress, memory.
#include "say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void fail_note(trouble *t, const char *format, ...)
{
    if (t->text[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->text, sizeof t->text, format, arguments);
    va_end(arguments);
}

void fail_prefix(trouble *t, const char *what)
{
    trouble inner = *t;
    snprintf(t->text, sizeof t->text, "%.250s: %.340s", what, inner.text);
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    progress_end();
    fputs("pond-prof: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void no_memory(void)
{
    note("there is not enough memory.");
    exit(2);
}

static void *or_end(void *memory)
{
    if (memory == NULL)
        no_memory();
    return memory;
}

void *allocate(size_t count, size_t size)
{
    return or_end(calloc(count == 0 ? 1 : count, size));
}

void *grow(void *array, size_t *room, size_t used, size_t size)
{
    if (used < *room)
        return array;
    size_t more = *room < 16 ? 16 : *room + *room / 2;
    if (more > SIZE_MAX / size)
        return or_end(NULL);
    *room = more;
    return or_end(realloc(array, more * size));
}

static bool progress_shown;

void progress(const char *what, uint64_t bytes)
{
    static int terminal = -1;
    static double last;
    if (terminal < 0)
        terminal = isatty(STDERR_FILENO);
    if (!terminal || bytes == 0)
        return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double at = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    if (at - last < 0.1)
        return;
    last = at;
    progress_shown = true;
    fprintf(stderr, "\r%.60s: %s\033[K", what, amount_of((int64_t)bytes, "bytes", false).text);
}

void progress_end(void)
{
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = false;
}
