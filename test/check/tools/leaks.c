/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What malloc gave, in the hands of ponds: leaks WHAT WHEN. WHEN a search for leaks looks is `exit`, or
 * `middle`: then it is asked for in a signal handler, and the program fails if it finds any.
 *
 *   kept      live and idle objects own buffers, ponds keep what create made, a pond has the only pointer to
 *             its ctx: nothing of it is a leak. WHAT else is lost beside it:
 *   written   a buffer whose pointer its live object has no longer
 *   reused    one whose pointer its object had while it was idle, and has no longer
 *   constructed  one that construct made, and its live object has no longer
 *   dropped   one that a destroy hook has not freed
 *   created   what create made, live and lost
 *   context   the ctx of a destroyed pond
 *   object    a live object, and the buffer that it owns
 *
 * What must not be found comes from keep(), what must be from lose(). Prints "done" when nothing stopped it.
 */
#define _GNU_SOURCE
#include <pond/typed.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

#define NOT_INLINED __attribute__((noinline))
#define COUNT 20 /* of each: a pointer in some forgotten word of the stack may hide one */

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct conn {
    char text[24];
    char *buffer;
};

POND_TYPE(conn_type, struct conn, POND_KEPT(buffer));

static NOT_INLINED void *keep(size_t n)
{
    void *memory = malloc(n);
    memset(memory, 'k', n);
    return memory;
}

static NOT_INLINED void *lose(size_t n)
{
    void *memory = malloc(n);
    memset(memory, 'l', n);
    return memory;
}

/* ---- hooks ---- */

static void *create_kept(void *ctx)
{
    (void)ctx;
    return keep(60);
}

static void *create_lost(void *ctx)
{
    (void)ctx;
    return lose(60);
}

static void end_created(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static int conn_construct_lost(void *obj, void *ctx)
{
    (void)ctx;
    ((struct conn *)obj)->buffer = lose(100);
    return 0;
}

static int conn_construct(void *obj, void *ctx)
{
    (void)ctx;
    ((struct conn *)obj)->buffer = keep(100);
    return 0;
}

static bool conn_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(((struct conn *)obj)->text, 0, sizeof((struct conn *)obj)->text);
    return true;
}

static void conn_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct conn *)obj)->buffer);
}

static void conn_forget(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
}

/* ---- right ---- */

static struct conn *volatile kept_live[COUNT]; /* volatile: nothing reads them but searches */
static void *volatile kept_created[COUNT];

static NOT_INLINED void get_and_put(pond *p, size_t n)
{
    void *all[2 * COUNT];
    for (size_t i = 0; i < n; i++)
        all[i] = pond_get(p);
    for (size_t i = 0; i < n; i++)
        pond_put(p, all[i]);
    memset(all, 0, sizeof all);
    __asm__ volatile("" : : "r"(all) : "memory");
}

static pond *make_conns(const char *name, void (*destroy)(void *, pond_drop_reason, void *), void *ctx)
{
    pond_options o = {.name = name, .type = &conn_type, .reset = conn_reset, .ctx = ctx};
    o.destroy = destroy;
    o.construct = destroy == conn_destroy ? conn_construct : NULL;
    return pond_create(&o);
}

static NOT_INLINED void be_right(void)
{
    pond *conns = make_conns("conns", conn_destroy, keep(40));
    pond *made = pond_create(
        &(pond_options){.name = "made", .create = create_kept, .destroy = end_created, .ctx = keep(40)});
    for (size_t i = 0; i < COUNT; i++) {
        kept_live[i] = pond_get(conns);
        kept_created[i] = pond_get(made);
    }
    get_and_put(conns, 2 * COUNT);
    get_and_put(made, 2 * COUNT);
    (void)pond_epoch_advance();
    get_and_put(conns, COUNT / 2);
    get_and_put(made, COUNT / 2);
    if (pond_reserve(conns, 3 * COUNT) < 3 * COUNT)
        abort();
}

/* ---- wrong ---- */

static pond *wrong;
static struct conn *live[COUNT];
static void *created[COUNT];

static NOT_INLINED void be_written(void)
{
    wrong = make_conns("written", conn_forget, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        live[i] = pond_get(wrong);
        live[i]->buffer = lose(100);
    }
    for (size_t i = 0; i < COUNT; i++)
        live[i]->buffer = NULL;
}

static NOT_INLINED void be_reused(void)
{
    wrong = make_conns("reused", conn_forget, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        live[i] = pond_get(wrong);
        live[i]->buffer = lose(100);
    }
    for (size_t i = 0; i < COUNT; i++)
        pond_put(wrong, live[i]);
    for (size_t i = 0; i < COUNT; i++) {
        live[i] = pond_get(wrong);
        live[i]->buffer = NULL;
    }
}

static NOT_INLINED void be_constructed(void)
{
    pond_options o = {.name = "constructed", .size = sizeof(struct conn), .construct = conn_construct_lost};
    wrong = pond_create(&o);
    for (size_t i = 0; i < COUNT; i++) {
        live[i] = pond_get(wrong);
        live[i]->buffer = NULL;
    }
}

static NOT_INLINED void be_dropped(void)
{
    wrong = make_conns("dropped", conn_forget, NULL);
    for (size_t i = 0; i <= COUNT; i++) {
        live[i % COUNT] = pond_get(wrong);
        live[i % COUNT]->buffer = i < COUNT ? lose(100) : NULL;
        if (i > 0 && i < COUNT)
            (i % 2 == 0 ? pond_discard : pond_put)(wrong, live[i]);
    }
    (void)pond_trim(wrong);
    memset(live, 0, sizeof live);
}

static NOT_INLINED void be_created(void)
{
    wrong = pond_create(&(pond_options){.name = "lost", .create = create_lost, .destroy = end_created});
    get_and_put(wrong, 2 * COUNT);
    for (size_t i = 0; i < COUNT; i++)
        created[i] = pond_get(wrong);
    memset(created, 0, sizeof created);
}

static NOT_INLINED void be_context(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        wrong = make_conns("context", conn_forget, lose(70));
        if (pond_destroy(wrong) != 0)
            abort();
    }
}

static NOT_INLINED void be_object(void)
{
    wrong = make_conns("object", conn_forget, NULL);
    for (size_t i = 0; i < COUNT; i++)
        ((struct conn *)pond_get(wrong))->buffer = lose(100);
}

/* ---- looking ---- */

static volatile int found;

static void look(int signal)
{
    (void)signal;
    if (__lsan_do_recoverable_leak_check != NULL)
        found = __lsan_do_recoverable_leak_check();
#ifdef VALGRIND_DO_LEAK_CHECK
    unsigned long leaked = 0, dubious = 0, reachable = 0, suppressed = 0;
    VALGRIND_DO_LEAK_CHECK;
    VALGRIND_COUNT_LEAKS(leaked, dubious, reachable, suppressed);
    if (leaked + dubious > 0)
        found = 1;
#endif
}

/* What earlier calls left on the stack points to nothing afterwards. */
static NOT_INLINED void scrub(void)
{
    volatile char stack[16384];
    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = 0;
}

static const struct {
    const char *what;
    void (*be)(void);
} all[] = {{"kept", NULL},          {"written", be_written},
           {"reused", be_reused},   {"constructed", be_constructed},
           {"dropped", be_dropped}, {"created", be_created},
           {"context", be_context}, {"object", be_object}};

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    be_right();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(argv[1], all[i].what) == 0 && all[i].be != NULL)
            all[i].be();
    scrub();
    if (strcmp(argv[2], "middle") == 0) {
        signal(SIGUSR1, look);
        raise(SIGUSR1);
        if (found)
            _exit(9);
    }
    puts("done");
    return 0;
}
