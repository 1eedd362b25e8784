/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leak: objects that are live when their pond is to be destroyed, which is an error; and at exit, where those
 * are one to which nothing leads any more (reach.c). What a server keeps on purpose at its exit is none.
 *
 *   1. A process that ends is told of no object that is another's to put: neither its parent's, nor its
 *      child's. See `whose`.
 *   2. What cannot be found out is no error.
 */
#include "leak.h"
#include "aside.h"
#include "full.h"
#include "guard.h"
#include "reach.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- by stack ---- */

#define GROUPS 1000 /* the last one is of all other stacks */
#define GROUPS_SHOWN 10
#define LEAK_TEXT_BYTES ((size_t)48 << 10)

struct group {
    struct event got; /* of one of them */
    const void *object;
    size_t count;
};

struct leaks {
    size_t count, groups;
    struct group group[GROUPS];
    char text[LEAK_TEXT_BYTES];
};

static void count_leak(struct leaks *l, const void *obj, const struct event *got)
{
    POND_ASSERT(l->groups <= GROUPS);
    size_t i = 0;
    while (i < l->groups && i < GROUPS - 1 && l->group[i].got.stack != got->stack)
        i++;
    l->groups = MAX(l->groups, i + 1);
    if (l->group[i].count++ == 0) {
        l->group[i].got = *got;
        l->group[i].object = obj;
    }
    l->count++;
}

static void count_live(struct pond *p, void *obj, struct record *r, void *ctx)
{
    if (!record_look(check_of(p), r, RECORD_LIVE))
        return;
    count_leak(ctx, obj, &r->got);
    record_looked(r, RECORD_LIVE);
}

/*
 * Sorts groups, the largest first. All objects of a pond have the same size: so most objects are most bytes.
 */
static int by_bytes(const void *a, const void *b)
{
    size_t x = ((const struct group *)a)->count, y = ((const struct group *)b)->count;
    return (x < y) - (x > y);
}

static size_t write_group(const struct pond *p, const struct group *g, char *text, size_t n)
{
    int at = snprintf(text, n, "    %zu object%s, %zu bytes, got by thread %u, epoch %u:\n", g->count,
                      g->count == 1 ? "" : "s", g->count * p->object_bytes, g->got.thread, g->got.epoch);
    size_t used = at < 0 ? 0 : MIN((size_t)at, n - 1);
    return used + event_text(&g->got, text + used, n - used);
}

static void write_groups(const struct pond *p, struct leaks *l)
{
    size_t at = 0;
    for (size_t i = 0; i < MIN(l->groups, GROUPS_SHOWN) && at + 1 < LEAK_TEXT_BYTES; i++)
        at += write_group(p, &l->group[i], l->text + at, LEAK_TEXT_BYTES - at);
    if (l->groups > GROUPS_SHOWN && at + 1 < LEAK_TEXT_BYTES)
        at += (size_t)snprintf(l->text + at, LEAK_TEXT_BYTES - at, "    and from %zu other places\n",
                               l->groups - GROUPS_SHOWN);
    if (at > 0 && at < LEAK_TEXT_BYTES && l->text[at - 1] == '\n')
        l->text[at - 1] = '\0';
}

enum leak_kind { LEAK_AT_DESTROY, LEAK_AT_EXIT };

static void report_leaks(struct pond *p, struct leaks *l, enum leak_kind kind)
{
    qsort(l->group, l->groups, sizeof(l->group[0]), by_bytes);
    write_groups(p, l);
    const char *when = kind == LEAK_AT_DESTROY ? "pond_destroy" : "exit that nothing leads to";
    struct finding f = {.word = "leak",
                        .kind = kind,
                        .pond = p,
                        .object = l->group[0].object,
                        .more = l->text,
                        .quiet_stacks = true,
                        .advice = "put what was got at these places"};
    finding_say(&f, "%zu object%s live at %s", l->count, l->count == 1 ? "" : "s", when);
    for (size_t i = 0; i < MIN(l->groups, POND_REPORT_STACKS); i++)
        finding_event(&f, ROLE_GOT, l->group[i].got);
    report(&f);
}

void leak_report_busy(struct pond *p)
{
    struct leaks *l = os_map(sizeof(*l));
    if (l == NULL)
        return;
    record_walk(p, count_live, l);
    if (l->count > 0)
        report_leaks(p, l, LEAK_AT_DESTROY);
    os_unmap(l, sizeof(*l));
}

/* ---- forks ---- */

static uint16_t forks_at_start; /* event_forks when this process began */
static pid_t parent_before;     /* the parent that it was forked from; 0: that had no pond yet */
static pid_t forking;           /* while a fork is under way, the process that forks */

/* Locks for a fork, and notes the parent's number: a parent may end so soon that its child, asked for its
   parent, would name another one. */
void watch_fork_prepare(void)
{
    check_lock();
    guard_fork_prepare();
    forking = getpid();
}

static void note_start(void)
{
    forks_at_start = event_forks();
    parent_before = forking;
}

void watch_fork_done(bool child)
{
    event_forked();
    guard_fork_done(child);
    if (child) {
        note_start();
        aside_forked();
        guard_forked();
    }
    check_unlock();
}

void watch_thaw(void)
{
    guard_fork_done(false);
    check_unlock();
}

/* ---- exit: whose are they ---- */

/*
 * A fork gives each live object two owners, of which one may have given up its own: a daemon's parent ends,
 * and hands over what is live; a worker's parent goes on, and its worker never knew some of what it has.
 *
 * What was got before a fork and is known to nothing but the frames of the thread that ends the process,
 * which were a copy of its parent's, is lost: a daemon's main never put it.
 */
struct owners {
    bool parent; /* the process that forked us is there yet */
    bool heirs;  /* we have forked, and either nothing was got since or a child is there: ours go on there */
};

static bool has_child(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static struct owners find_owners(const struct reach *r)
{
    struct owners o = {.parent = parent_before != 0 && getppid() == parent_before};
    o.heirs = event_forks() != forks_at_start && (!r->got_lately || has_child());
    return o;
}

enum whose { WHOSE_PARENTS, WHOSE_KEPT, WHOSE_LOST };

static enum whose whose(const struct owners *o, const struct reach_node *n)
{
    uint16_t now = event_forks();
    bool before_us = (uint16_t)(now - n->forks) > (uint16_t)(now - forks_at_start);
    if (before_us && o->parent)
        return WHOSE_PARENTS;
    bool inherited = n->forks != now, kept = n->reached && !(n->framed && inherited);
    return kept || (inherited && o->heirs) ? WHOSE_KEPT : WHOSE_LOST;
}

/* ---- exit ---- */

/* Prints a line about objects that are live and no error, if it is wanted. */
static void say_kept(const struct pond *p, size_t count, bool known)
{
    char line[192];
    if (count == 0 || LOAD(check_of(p)->on.leak_kept) == 0)
        return;
    const char *end = known ? count == 1 ? "is kept" : "are kept" : "may be kept or lost: nobody could look";
    int length =
        snprintf(line, sizeof(line), "==%d== pond: leak: %zu object%s live at exit %s: pond \"%s\"\n",
                 (int)getpid(), count, count == 1 ? "" : "s", end, p->name);
    if (length > 0)
        (void)!write(STDERR_FILENO, line, MIN((size_t)length, sizeof(line) - 1));
}

static void look_at_pond(struct pond *p, const struct reach *r, struct leaks *l)
{
    size_t kept = 0;
    const struct owners o = find_owners(r);
    for (size_t i = 0; i < r->count; i++) {
        const struct reach_node *n = &r->nodes[i];
        if (n->pond != p || !n->live)
            continue;
        enum whose w = whose(&o, n);
        kept += w == WHOSE_KEPT;
        if (w == WHOSE_LOST)
            count_leak(l, (const void *)n->start, &n->got);
    }
    say_kept(p, kept, true);
    if (l->count > 0)
        report_leaks(p, l, LEAK_AT_EXIT);
}

/* True: leaks of the pond are told of. Of one that is not watched in full nothing is known to be live. */
static bool is_told_of(const struct pond *p)
{
    return watch_of(p) == &watch_full && check_on(p, CHECK_LEAK);
}

static void count_object(struct pond *p, void *obj, struct record *r, void *ctx)
{
    (void)obj;
    *(size_t *)ctx += record_state(check_of(p), r) == RECORD_LIVE;
}

static size_t live_in(struct pond *p)
{
    size_t count = 0;
    if (is_told_of(p))
        record_walk(p, count_object, &count);
    return count;
}

static bool any_is_live(void)
{
    bool any = false;
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN))
        any = any || live_in(p) > 0;
    return any;
}

static void tell_pond(struct pond *p, const struct reach *r)
{
    struct leaks *l = r != NULL && r->done ? os_map(sizeof(*l)) : NULL;
    if (l == NULL) {
        say_kept(p, live_in(p), false);
        return;
    }
    look_at_pond(p, r, l);
    os_unmap(l, sizeof(*l));
}

static NOT_INLINED void look_at_exit(void)
{
    if (!any_is_live())
        return;
    struct reach *r = reach_look(__builtin_frame_address(0));
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN))
        if (is_told_of(p))
            tell_pond(p, r);
    reach_end(r);
}

/* Looks for leaks at exit. What callers have in registers is on the stack from here on, above the frame of
   the function that looks. */
void watch_exit(void)
{
    if ((LOAD(check_somewhere) & CHECK_LEAK) == 0)
        return;
    __builtin_unwind_init();
    look_at_exit();
    __asm__ volatile("" ::: "memory"); /* so this frame stays */
}
