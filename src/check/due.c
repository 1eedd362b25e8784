/* SPDX-License-Identifier: BSD-2-Clause */
/* Which get is due to be served from a guard slot, and how many that were due were not. */
#include "../chance.h"
#include "guard.h"

__thread uint32_t watch_countdown_id POND_TLS_ = 1;
__thread int64_t watch_countdown POND_TLS_;

/* ---- chance ---- */

/* Relaxed: any seed will do; a child's is written while it has one thread. */
static uint64_t process_seed;
static __thread uint64_t random_state POND_TLS_;

void guard_seed(void)
{
    STORE(process_seed, os_seed());
}

/* Has a child draw for itself: what its thread had drawn as the parent's does not count, nor does the
 * distance that was still to go. */
void guard_forked(void)
{
    guard_seed();
    random_state = 0;
    watch_countdown_id = 1;
    watch_countdown = 0;
}

/* Seeded by the process, by where the thread's storage lies and by how many threads came before. */
static uint64_t thread_seed(void)
{
    static uint64_t threads;
    /* Relaxed: no two threads get one number, and nothing is handed over with it. */
    uint64_t thread = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    uint64_t seed = chance_stir(LOAD(process_seed) + chance_stir(thread) + (uintptr_t)&random_state);
    return seed != 0 ? seed : 1;
}

/* The next number of this thread's sequence (xorshift64*). */
uint64_t guard_random(void)
{
    uint64_t x = random_state != 0 ? random_state : thread_seed();
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random_state = x;
    return x * 0x2545f4914f6cdd1du;
}

/* ---- guard_is_due ---- */

/* What the countdown takes to its end, in the mean: much more than the largest N, and so little that what
 * random numbers leave over by it is even. */
#define GUARD_MEAN ((int64_t)1 << 44)

/* What a get with 1/N takes of the countdown. With 1 every get is due, whatever is left of a countdown that
 * was drawn for another pond. */
int64_t guard_step(uint64_t every)
{
    return every <= 1 ? 2 * GUARD_MEAN : GUARD_MEAN / (int64_t)every;
}

/* Draws the distance to the next get that is due: of gets with this N evenly from 1 to 2 * N - 1, so N in the
   mean. */
static int64_t guard_distance(int64_t step)
{
    POND_ASSERT(step > 0);
    uint64_t most = 2 * (uint64_t)GUARD_MEAN - (uint64_t)MIN(step, GUARD_MEAN);
    return (int64_t)((guard_random() >> 1) % most);
}

/* A first draw counts from the call before this one. */
bool guard_draw(int64_t step)
{
    bool drawn = watch_countdown_id == GUARD_DRAWN;
    watch_countdown_id = GUARD_DRAWN;
    watch_countdown = drawn ? -1 : guard_distance(step) - step;
    if (watch_countdown >= 0)
        return false;
    watch_countdown = guard_distance(step);
    return true;
}

/* ---- due, and not guarded ---- */

static uint64_t unguarded; /* Relaxed: a count to be read */

void guard_missed(void)
{
    ADD(unguarded, 1);
}

void guard_count_anew(void)
{
    STORE(unguarded, 0);
}

uint64_t pond_debug_unguarded(void)
{
    return LOAD(unguarded);
}
