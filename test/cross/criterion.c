/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the tests of a program one after the other, each in a child: NAME [--tap=FILE]. But for those that the
 * environment's CROSS_EXCEPT has: suite::name, with spaces around each.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define TIMEOUT 120 /* seconds: emulated machines are slow */

static struct cross_test *first, **last = &first;
static FILE *tap;
static unsigned count, failed;

void cross_add(struct cross_test *test)
{
    *last = test;
    last = &test->next;
}

void cross_fail(const char *file, int line, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: not so: %s:", file, line, what);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(1);
}

void cross_skip(const char *why)
{
    fprintf(stderr, "skipped: %s\n", why);
    _exit(SKIPPED);
}

static void run_here(const struct cross_test *t, void *param)
{
    alarm(TIMEOUT);
    if (t->extra.init != NULL)
        t->extra.init();
    t->run(param);
    if (t->extra.fini != NULL)
        t->extra.fini();
    exit(0);
}

/* True: the test's child ended as it was to. */
static bool ended_well(const struct cross_extra *e, int status)
{
    if (e->signal != 0)
        return WIFSIGNALED(status) && WTERMSIG(status) == e->signal;
    return WIFEXITED(status) && WEXITSTATUS(status) == e->exit_code;
}

static void run(const struct cross_test *t, void *param)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        run_here(t, param);
    if (child < 0 || waitpid(child, &status, 0) != child)
        exit(2);
    bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
    bool well = skipped || ended_well(&t->extra, status);
    failed += !well;
    fprintf(tap, "%s %u - %s::%s%s\n", well ? "ok" : "not ok", ++count, t->suite, t->name,
            skipped ? " # SKIP" : "");
    if (!well)
        fprintf(stderr, "not ok: %s::%s: status %#x\n", t->suite, t->name, (unsigned)status);
}

static bool is_excepted(const struct cross_test *t)
{
    const char *excepted = getenv("CROSS_EXCEPT");
    char name[256];
    snprintf(name, sizeof name, " %s::%s ", t->suite, t->name);
    return t->extra.disabled || (excepted != NULL && strstr(excepted, name) != NULL);
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 && strncmp(argv[1], "--tap=", 6) == 0 ? argv[1] + 6 : "/dev/stdout";
    tap = fopen(path, "w");
    if (tap == NULL)
        return 2;
    for (const struct cross_test *t = first; t != NULL; t = t->next) {
        if (is_excepted(t))
            continue;
        struct criterion_test_params all = {.length = 1};
        if (t->params != NULL)
            all = t->params();
        for (size_t i = 0; i < all.length; i++)
            run(t, all.params == NULL ? NULL : (char *)all.params + i * all.size);
    }
    fprintf(tap, "1..%u\n", count);
    fclose(tap);
    return failed > 0;
}
