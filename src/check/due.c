/* SPDX-License-Identifier: BSD-2-Clause */
/* Which get is due to be served from a guard slot, and how many that were due were not. */
#include "../chance.h"
#include "check.h"

__thread struct guard_countdown guard_countdown POND_TLS_;

/* ---- chance ---- */

static uint64_t process_seed;
static __thread uint64_t random_state POND_TLS_;

void guard_seed(void)
{
    STORE(process_seed, os_seed());
}

/* A child draws for itself: what its thread had drawn as the parent's does not count, nor does the distance
 * that it was still to go. */
void guard_forked(void)
{
    guard_seed();
    random_state = 0;
    guard_countdown.every = 0;
    watch_sampled = 1;
}

/* Seeded by the process, by where the thread's storage lies and by how many threads came before. */
static uint64_t thread_seed(void)
{
    static uint64_t threads;
    uint64_t thread = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    uint64_t seed = chance_stir(LOAD(process_seed) + chance_stir(thread) + (uintptr_t)&random_state);
    return seed != 0 ? seed : 1;
}

/* xorshift64* */
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

/* Evenly from 1 to 2 * every - 1, so `every` in the mean. */
static int64_t guard_distance(uint64_t every)
{
    return (int64_t)(every <= 1 ? 1 : 1 + guard_random() % (2 * MIN(every, UINT32_MAX) - 1));
}

bool guard_draw(void)
{
    uint64_t every = LOAD(check_settings.guard_every);
    int64_t distance = 0;
    if (guard_countdown.every != every) {
        guard_countdown.every = every;
        distance = guard_distance(every) - 1; /* from the call before this one */
    }
    bool due = distance == 0;
    guard_countdown.left = (due ? guard_distance(every) : distance) - 1;
    return due;
}

/* ---- due, and not guarded ---- */

static uint64_t unguarded;

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
