/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether this thread is at work in the library. A call that it makes then comes from the handler of a
 * signal that interrupted this work: locks may be held, and an object may be in two places.
 *
 * A public function begins and ends; where it calls the program (a hook, the handler of a report) it
 * pauses. So a hook that is left by longjmp, a cancelled thread and a coroutine that yields in a hook leave
 * nothing behind. Get and put begin only when they are watched: where no word is on, those of a signal's
 * handler are not found out.
 *
 * A signal is handled between two instructions of its thread, and the handler has returned before the next
 * one. So the state needs no more order than that of the thread's own instructions.
 */
#ifndef POND_ENTRY_H
#define POND_ENTRY_H

#include "port.h"

enum entry_state {
    ENTRY_OUTSIDE,
    ENTRY_INSIDE,
    ENTRY_FORKING /* between the handlers of a fork, with all locks */
};

/* Relaxed: the thread's own; what its handlers of signals see is ordered for the compiler alone. */
extern __thread uint32_t entry_state POND_TLS_;

/* The compiler does not move the work out of what is between. */
#define ENTRY_BARRIER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/*
 * Notes that this thread is at work here. False: it is at work already, and the call must leave everything
 * as it is. Pairs with entry_end on the same thread: a handler sees the state before any of the work, and
 * after all of it.
 */
static inline bool entry_begin(void)
{
    if (__builtin_expect(LOAD(entry_state) != ENTRY_OUTSIDE, 0))
        return false;
    STORE(entry_state, ENTRY_INSIDE);
    ENTRY_BARRIER();
    return true;
}

/*
 * Notes that the work is done. Hooks may have run since entry_begin, and the thread may be another one.
 * Pairs with entry_begin.
 */
static __attribute__((unused)) AFTER_HOOK void entry_end(void)
{
    POND_ASSERT(LOAD(entry_state) != ENTRY_OUTSIDE);
    ENTRY_BARRIER();
    STORE(entry_state, ENTRY_OUTSIDE);
}

/*
 * Called before and after code of the program's is; what the first returns is for the second. Pairs with
 * entry_begin on the same thread, in a call that the program's code makes: it is no handler's.
 */
static inline uint32_t entry_pause(void)
{
    uint32_t was = LOAD(entry_state);
    if (was != ENTRY_OUTSIDE)
        STORE(entry_state, ENTRY_OUTSIDE);
    ENTRY_BARRIER();
    return was;
}

/* Pairs with entry_pause: the state is back before the work goes on. */
static __attribute__((unused)) AFTER_HOOK void entry_resume(uint32_t was)
{
    ENTRY_BARRIER();
    if (was != ENTRY_OUTSIDE)
        STORE(entry_state, was);
}

#endif
