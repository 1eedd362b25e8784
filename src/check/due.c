/* SPDX-License-Identifier: BSD-2-Clause */
/* Which get is due to be served from a guard slot, and how many that were due were not. */
#include "check.h"
#include <time.h>
#include <unistd.h>

__thread struct guard_countdown guard_countdown POND_TLS_;

/* ---- chance ---- */

/* splitmix64: two numbers that differ in one bit become two that differ in half of theirs. */
static uint64_t stirred(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t process_seed;
static __thread uint64_t random_state POND_TLS_;

/* Of two processes one has another number or began later, however alike a fork has made them. */
void guard_seed(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    STORE(process_seed, stirred(stirred((uint64_t)getpid()) + ns));
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
    uint64_t seed = stirred(LOAD(process_seed) + stirred(thread) + (uintptr_t)&random_state);
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
