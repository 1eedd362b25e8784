/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds one thread at a chosen instruction of the library while another thread does something, and tells when
 * that other thread can go no further before the first one goes on. For x86-64, and for tests linked with
 *
 *     -Wl,-T,test/support/library_text.ld
 *     -Wl,--wrap=os_nap,--wrap=os_yield,--wrap=pthread_mutex_lock,--wrap=pthread_cond_wait
 *
 * A place is an instruction and how many times it has been passed. The places of an operation are found by
 * stepping through it once with the processor's trap flag; libc's code is stepped through and is no place.
 * From then on the thread runs up to the place at full speed: the instruction is replaced by a breakpoint
 * until the thread is there. Only while nobody else runs in the library is a breakpoint in its text.
 *
 * Nobody sleeps: while a thread is held, a nap or yield in the library takes no time, and a lock that is
 * taken, a wait for a condition, and more naps than the patience says, each mean that the other thread is
 * blocked.
 */
#ifndef TEST_SUPPORT_STEPPER_H
#define TEST_SUPPORT_STEPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__linux__)
#define STEPPER_WORKS 1
#else
#define STEPPER_WORKS 0
#endif

typedef struct place {
    uint32_t offset; /* in the library's text */
    uint32_t visit;  /* counted from 1 */
} place;

/* Once in a process; from then on SIGTRAP is the stepper's. */
void stepper_open(void);

/* ---- the coordinator, while nobody else runs in the library ---- */

void stepper_find(place *places, size_t most, uint32_t visits); /* the next operation is looked through, up to
                                                                   so many visits of one instruction */
size_t stepper_found(size_t *steps);                            /* places; *steps: instructions in all */
void stepper_hold_at(place where);                              /* the next operation is held there */
void stepper_interrupt_at(place where, void (*act)(void)); /* the next operation calls it there, as a signal's
                                                              handler does */
void stepper_pass(void);                                   /* the next operation is not held */

/* True: the thread is held. False: its operation has ended, and stepper_end has returned or is about to. */
bool stepper_wait(void);
void stepper_go(void);

const void *stepper_address(place where);

/* ---- the thread that is held ---- */

void stepper_begin(void); /* the operation begins */
void stepper_end(void);   /* it is over */

/*
 * Runs body(arg), held before the n-th instruction of the library at which *word is odd; stepper_wait then
 * returns true once, before the operation. Returns how many such instructions there were; n 0: it is not
 * held.
 */
size_t stepper_hold_at_odd(const uintptr_t *word, size_t n, void (*body)(void *arg), void *arg);

/* ---- what the other thread does meanwhile ---- */

void stepper_meanwhile(unsigned patience); /* the coordinator: it is about to begin; patience in naps */
void stepper_done(void);                   /* the other thread: it has come to an end */
bool stepper_ended(void);                  /* the coordinator waits: true: it is over. False: it is blocked */
void stepper_no_longer(void);              /* the coordinator: both have come to their ends */
void stepper_forked(void);                 /* the other thread, in a forked child: nobody is held here */

#endif
