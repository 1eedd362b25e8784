/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walks over all ponds that bound, trim or give up what is idle.
 *
 * Each walk goes by registry_next, a pond at a time, which is pinned and not locked: others tick, put and
 * destroy ponds meanwhile. Sums are of what was true when each pond was looked at.
 */
#include "idle.h"
#include "epoch.h"
#include "watch.h"
#include <errno.h>

static uint64_t idle_budget; /* bytes; 0: no bound. Relaxed: a setting, which takes effect some time */

/* ---- how much there is ---- */

static uint64_t idle_bytes_of(struct pond *p)
{
    pond_stats s;
    stats_read(p, &s);
    return s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes;
}

struct idle_sum {
    uint64_t bytes, ponds;
};

static struct idle_sum idle_of_all(void)
{
    struct idle_sum sum = {0};
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE), sum.ponds++)
        sum.bytes += idle_bytes_of(p);
    return sum;
}

int pond_has_idle(void)
{
    return board_any_active() || magazines_are_left();
}

/* ---- down to so much ---- */

/* What an object takes, as far as is known; never 0. Relaxed: a mean. */
static uint64_t bytes_each(const struct pond *p)
{
    return MAX(p->object_bytes + LOAD(p->footprint_mean), 1);
}

/*
 * Whether more is idle than min_idle keeps. A pond that sleeps has no more: it goes on sleeping. Relaxed: a
 * figure.
 */
static bool may_be_trimmed(struct pond *p)
{
    pond_stats s;
    if (!board_is_active(p))
        return false;
    stats_read(p, &s);
    return s.idle_local + s.idle_shared + s.idle_victim > LOAD(p->options.min_idle) ||
           depot_aged(&p->depot) > 0;
}

/* Drops objects of that age and older, for so many bytes; returns those that went. */
static uint64_t trim_upto(struct pond *p, enum epoch_age upto, pond_drop_reason why, uint64_t excess,
                          struct epoch_budget *left)
{
    uint64_t before = idle_bytes_of(p), most = (excess + bytes_each(p) - 1) / bytes_each(p);
    if (!may_be_trimmed(p) || left->objects == 0)
        return 0;
    if (upto == EPOCH_ALL) {
        registry_lock();
        gather_some(p);
        registry_unlock();
    }
    struct epoch_budget some = {.objects = (size_t)MIN(most, left->objects), .calls = left->calls};
    size_t gone = epoch_drop_oldest(p, why, upto, &some);
    POND_ASSERT(gone <= left->objects && some.calls <= left->calls);
    left->objects -= gone;
    left->calls = some.calls;
    uint64_t after = idle_bytes_of(p);
    return before - MIN(before, after);
}

/* Drops the oldest of all ponds first, as far as epochs tell; within an epoch, those of the oldest pond. */
static size_t trim_to(uint64_t bytes, pond_drop_reason why, struct epoch_budget *left)
{
    uint64_t idle = idle_of_all().bytes, gone = 0;
    for (enum epoch_age age = EPOCH_DUE; age <= EPOCH_ALL && idle > bytes + gone; age++)
        for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE))
            if (idle > bytes + gone)
                gone += trim_upto(p, age, why, idle - bytes - gone, left);
    return (size_t)gone;
}

#define WITHOUT_BOUND ((struct epoch_budget){.objects = SIZE_MAX, .calls = SIZE_MAX})

size_t pond_trim_to(size_t bytes)
{
    size_t gone = 0;
    if (!registry_enter(NULL, "pond_trim_to", CALLER))
        return 0;
    if (registry_outside_hooks(NULL, "pond_trim_to", CALLER, __builtin_dwarf_cfa())) {
        gone = trim_to(bytes, POND_DROP_TRIM, &WITHOUT_BOUND);
        magazine_purge();
        os_unmap_kept();
    }
    entry_end();
    return gone;
}

/* ---- the budget ---- */

/*
 * Bytes that puts have taken for magazines since the last look at what is idle: when they are a 32nd of the
 * budget the next put looks again. Relaxed: a count that may be off by a few puts.
 */
static uint64_t idle_taken;

/*
 * So many puts are refused without a look since one has found no room: as many as the ponds that it went
 * through, and some more, so that a look costs each of them little. A tick ends it. Relaxed: roughly so
 * many.
 */
static uint64_t idle_refused;
#define REFUSED_AT_LEAST 32

void pond_idle_budget(size_t bytes)
{
    STORE(idle_budget, bytes);
    STORE(idle_taken, bytes); /* the next put looks */
    STORE(idle_refused, 0);
}

void idle_ticked(struct epoch_budget *left)
{
    uint64_t most = LOAD(idle_budget);
    STORE(idle_refused, 0);
    if (most > 0)
        (void)trim_to(most, POND_DROP_LIMIT, left);
}

/*
 * Whether this put is refused without a look. Relaxed: of two threads that count one put one more is
 * refused.
 */
static bool is_refused(void)
{
    uint64_t left = LOAD(idle_refused);
    if (left > 0)
        STORE(idle_refused, left - 1);
    return left > 0;
}

/* Looks through all ponds, and drops what is over. Relaxed: as in idle_has_room. */
static bool look_for_room(struct pond *p, uint64_t magazine, uint64_t most)
{
    struct idle_sum idle = idle_of_all();
    uint64_t bytes = idle.bytes, excess = bytes + magazine > most ? bytes + magazine - most : 0;
    if (excess > 0 && !object_in_hook(NULL))
        bytes -= MIN(bytes, trim_upto(p, EPOCH_VICTIMS, POND_DROP_LIMIT, excess, &WITHOUT_BOUND));
    bool room = bytes + bytes_each(p) <= most; /* else what is larger than the budget has no magazine */
    STORE(idle_taken, room ? 0 : most);
    STORE(idle_refused, room ? 0 : REFUSED_AT_LEAST + idle.ponds);
    return room;
}

/* Relaxed: the budget is held roughly, by puts that look now and then. */
bool idle_has_room(struct pond *p)
{
    uint64_t most = LOAD(idle_budget), magazine = LOAD(p->magazine_room) * bytes_each(p);
    if (__builtin_expect(most == 0, 1))
        return true;
    if (is_refused())
        return false;
    if (__atomic_add_fetch(&idle_taken, magazine, __ATOMIC_RELAXED) < most / 32)
        return true;
    return look_for_room(p, magazine, most);
}

/* ---- for want of memory ---- */

/*
 * Failures within a second though something went for them: where memory cannot be had whatever goes, only
 * one in 64 of those that follow, for as much or more, tries it again. For it takes from others what they
 * have. Relaxed: estimates; two threads at once may try once more or once less.
 */
static struct {
    uint64_t failures; /* 0: the last one that counted is forgotten */
    uint64_t since;    /* os_milliseconds of the first */
    uint64_t bytes;    /* that the smallest of them wanted */
} vain;

#define VAIN_TRIES 64
#define VAIN_MILLISECONDS 1000

/*
 * The call that makes way at the moment. A fork in whose child its thread is not, or a longjmp, may leave
 * it behind. Relaxed: read as a hint.
 */
static struct {
    uint64_t since;     /* os_milliseconds; 0: there is none */
    const void *thread; /* frame_thread */
} relief_now;

#define RELIEF_MILLISECONDS 1000 /* whoever has not come back by then has left by longjmp */
#define RELIEF_NAPS 100

/* Whether it is not worth trying. Relaxed: see vain. */
static bool is_vain(uint64_t bytes)
{
    if (LOAD(vain.failures) == 0)
        return false;
    if (bytes >= LOAD(vain.bytes) && os_milliseconds() - LOAD(vain.since) < VAIN_MILLISECONDS)
        return __atomic_add_fetch(&vain.failures, 1, __ATOMIC_RELAXED) % VAIN_TRIES != 0;
    STORE(vain.failures, 0);
    return false;
}

static void note_vain(uint64_t bytes)
{
    bool first = LOAD(vain.failures) == 0;
    STORE(vain.bytes, first ? bytes : MIN(bytes, LOAD(vain.bytes)));
    if (first)
        STORE(vain.since, os_milliseconds());
    if (first)
        STORE(vain.failures, 1);
}

static bool needs_hooks(const struct pond *p)
{
    return p->options.destroy != NULL || p->options.footprint != NULL || watch_of(p) != NULL;
}

static uint64_t slab_bytes_of(struct pond *p)
{
    pond_stats s;
    stats_read(p, &s);
    return s.slab_bytes + s.resident_bytes;
}

/* Whether memory of objects that are gone, or were never made, is in its slabs. */
static bool has_free_memory(struct pond *p)
{
    pthread_mutex_lock(&p->lock);
    bool free = p->slabs.dirty != NULL || object_unmade(p) > 0;
    pthread_mutex_unlock(&p->lock);
    return free;
}

/*
 * Drops all but what min_idle keeps, and gives back what was dropped before and has not gone back to the
 * system yet. False: there was nothing; then no thread was kept out of its cache.
 */
static bool give_up_idle(struct pond *p)
{
    if (!may_be_trimmed(p) && !has_free_memory(p))
        return false;
    uint64_t before = slab_bytes_of(p);
    registry_lock();
    gather_some(p);
    registry_unlock();
    bool dropped = epoch_drop_oldest(p, POND_DROP_TRIM, EPOCH_ALL, &WITHOUT_BOUND) > 0;
    return dropped || slab_bytes_of(p) < before;
}

/*
 * Does so in all ponds, of those with hooks or those without. True: something went. A pond that sleeps has
 * nothing.
 */
static bool give_up_all(bool hooks, const struct pond *but)
{
    bool any = false;
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE))
        if (p != but && needs_hooks(p) == hooks && board_is_active(p))
            any = give_up_idle(p) || any;
    if (any)
        magazine_purge();
    return any;
}

/* Whether this is a get in a hook that this thread's own relief calls. */
static bool is_relieving(void)
{
    return LOAD(relief_now.since) != 0 && LOAD(relief_now.thread) == frame_thread();
}

/*
 * False: another thread makes way. Pairs with end_relief: not two at once, but where the first has left by
 * longjmp; and the second finds the memory that the first has freed.
 */
static bool begin_relief(void)
{
    uint64_t now = os_milliseconds() + 1, began = LOAD(relief_now.since);
    if ((began != 0 && now - began <= RELIEF_MILLISECONDS) ||
        !__atomic_compare_exchange_n(&relief_now.since, &began, now, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return false;
    STORE(relief_now.thread, frame_thread());
    return true;
}

/* Pairs with begin_relief. */
static void end_relief(void)
{
    STORE(relief_now.thread, NULL);
    __atomic_store_n(&relief_now.since, 0, __ATOMIC_RELEASE);
}

/*
 * Waits for the thread that makes way, whose work is as good. It may wait for us, in a hook of the
 * program's, so this wait ends. Relaxed: the next try has locks of its own.
 */
static void await_relief(void)
{
    for (int naps = 0; naps < RELIEF_NAPS && LOAD(relief_now.since) != 0; naps++)
        os_nap();
}

/*
 * Makes way by one of two ways: without hooks, or with them. No lock is held, nor is this thread inside of
 * a cache. A get that fails in a hook calls no other hooks, so it does not begin another relief inside of
 * the first. True: it is worth trying again.
 */
static NOT_INLINED bool relieve(bool hooks, struct relief *r)
{
    if (hooks && (object_in_hook(NULL) || registry_inside_tick(__builtin_dwarf_cfa())))
        return false;
    if (!begin_relief()) {
        await_relief();
        return true;
    }
    bool any = give_up_all(hooks, r->but);
    end_relief();
    r->gave = r->gave || any;
    return any;
}

bool idle_make_way(struct pond *p, const struct admission *b, struct relief *r)
{
    uint64_t bytes = p != NULL ? p->object_bytes : 0;
    POND_ASSERT(r->tried <= 2 && (!b->full || b->error == EAGAIN));
    bool done = b->full && epoch_drop_aged(p);
    if (done || b->error != ENOMEM || is_relieving() || (r->tried == 0 && is_vain(bytes)))
        return done;
    while (!done && r->tried < 2)
        done = relieve(r->tried++ == 1, r);
    if (!done && r->gave)
        note_vain(bytes);
    return done;
}

void idle_forked(void)
{
    if (!is_relieving())
        end_relief();
}
