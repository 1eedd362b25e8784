/* SPDX-License-Identifier: BSD-2-Clause */
/* One at a time: whoever is at work, and whoever waits for what comes meanwhile. */
#include "pages.h"
#include <time.h>
#include <unistd.h>

/*
 * The process whose thread has it; 0: none. The child of a fork has no such thread, and takes it over. Taken
 * with acquire, left with release: what the one before did to data that stays (libpond-symbol is found once)
 * is seen by the next. There is no other order between them to keep.
 */
static pid_t holders[TURNS];

bool turn_take(enum turn turn)
{
    pid_t own = getpid(), found = __atomic_load_n(&holders[turn], __ATOMIC_RELAXED);
    while (found != own)
        if (__atomic_compare_exchange_n(&holders[turn], &found, own, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

void turn_wait(enum turn turn)
{
    const struct timespec nap = {.tv_nsec = 5000000};
    while (!turn_take(turn))
        (void)nanosleep(&nap, NULL);
}

void turn_leave(enum turn turn)
{
    __atomic_store_n(&holders[turn], 0, __ATOMIC_RELEASE);
}
