/* SPDX-License-Identifier: BSD-2-Clause */
/* Which get is due to be served from a guard slot, and how many that were due were not. */
#include "check.h"

__thread struct guard_countdown guard_countdown;

/* ---- chance ---- */

/* xorshift64*. Seeded by where the thread's storage lies and by how many threads came before. */
uint64_t guard_random(void)
{
    static __thread uint64_t state __attribute__((tls_model("initial-exec")));
    static uint64_t threads;
    uint64_t x = state;
    if (x == 0)
        x = (__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15u) ^ (uintptr_t)&state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    state = x;
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
