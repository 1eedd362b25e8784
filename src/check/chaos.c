/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fail=P and chaos=SEED: bad luck on purpose. Each thread has a sequence of its own, made of the seed and the
 * thread's number, so one thread's luck is the same in every run.
 */
#include "chaos.h"
#include "thread.h"

/* The next number of a sequence (splitmix64). */
static uint64_t draw_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Threads without a block share a sequence; a number that two of them draw at once is as good as another. */
static uint64_t draw_shared(void)
{
    static uint64_t state;
    /* Relaxed: see above. */
    uint64_t own = LOAD(state) + LOAD(check_settings.seed);
    ADD(state, UINT64_C(0x9e3779b97f4a7c15));
    return draw_next(&own);
}

static NOT_INLINED uint64_t draw(void)
{
    uint64_t changes = LOAD(check_changes);
    struct thread_block *b = thread_block_made();
    if (b == NULL)
        return draw_shared();
    if (b->luck.changes != changes) {
        b->luck.changes = changes;
        b->luck.state = LOAD(check_settings.seed) * UINT64_C(0xd1342543de82ef95) + event_thread();
    }
    return draw_next(&b->luck.state);
}

static bool once_in(uint64_t n)
{
    return draw() % n == 0;
}

bool chaos_fails(const struct pond *p)
{
    return draw() % 1000 < LOAD(check_of(p)->on.fail_permille);
}

#define DROPS 16 /* a put in so many drops */
#define STEALS 8
#define LATE 4
#define COLDEST 8 /* so many idle objects are passed over at most */

bool chaos_drops(void)
{
    return once_in(DROPS);
}

/* True: this tick is to do nothing. A tick is of all ponds, so the word must be on for all. */
bool watch_tick_is_late(void)
{
    return check_for_all(CHECK_CHAOS) && once_in(LATE);
}

/* Takes a few idle objects and gives back all but the last one, which was put first. */
static void *coldest(struct pond *p)
{
    void *warmer[COLDEST];
    size_t count = 0, wanted = draw() % COLDEST;
    void *obj = pool_get_idle(p);
    for (void *next; obj != NULL && count < wanted && (next = pool_get_idle(p)) != NULL; obj = next)
        warmer[count++] = obj;
    while (count > 0)
        pool_put_back(p, warmer[--count]);
    return obj;
}

/* Takes an idle object of another thread's, or one that is cold. Not with max_objects: another thread would
   find none while this one has several in its hands. Nor with max_age: what is passed over would begin to age
   anew. */
void *chaos_get(struct pond *p)
{
    void *obj = once_in(STEALS) ? pool_get_gathered(p) : NULL;
    /* Relaxed: a bound that is set meanwhile counts from the next get on. */
    if (obj == NULL && LOAD(p->options.max_objects) == 0 && LOAD(p->options.max_age) == 0)
        obj = coldest(p);
    return obj;
}
