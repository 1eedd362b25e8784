/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between compilers, platforms and build variants; nothing else tests a macro of theirs. */
#ifndef POND_PORT_H
#define POND_PORT_H

#include <assert.h>
#include <ck_md.h>
#include <pond/inline.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Concurrency Kit's ck_md.h is made for one machine, and a cross compiler may find the one of the machine it
 * runs on: that of x86 leaves all fences out.
 */
#if defined(CK_MD_TSO) && !defined(__x86_64__) && !defined(__i386__) && !defined(__sparc__)
#error "ck_md.h, of Concurrency Kit, is for another processor than this: the include path lacks the right one"
#endif

/* Internal checks: builds with -DPOND_ASSERTS only. */
#ifdef POND_ASSERTS
#define POND_ASSERT(condition) assert(condition)
#else
#define POND_ASSERT(condition) ((void)sizeof(condition))
#endif

/* Fences in the place of membarrier, see <pond/inline.h>. */
#ifdef POND_FENCE
#define POND_FENCED true
#else
#define POND_FENCED false
#endif

/* A figure that one thread writes and others may read for statistics at the same time. */
#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELAXED)
#define ADD(place, value) ((void)__atomic_fetch_add(&(place), value, __ATOMIC_RELAXED))

/* ThreadSanitizer does not see Concurrency Kit's assembly: it is told what the assembly orders. */
#ifdef POND_TSAN
void __tsan_acquire(void *);
void __tsan_release(void *);
#define TSAN_ACQUIRE(address) __tsan_acquire(address)
#define TSAN_RELEASE(address) __tsan_release(address)
#else
#define TSAN_ACQUIRE(address) ((void)(address))
#define TSAN_RELEASE(address) ((void)(address))
#endif

static inline void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* The two functions that are called most lie on as few lines of the instruction cache as they can. */
#define ON_ONE_LINE __attribute__((aligned(64)))

/* A function that is looked for on the stack: it is one piece, and keeps its frame. */
#if defined(__GNUC__) && !defined(__clang__)
#define ON_THE_STACK __attribute__((noipa))
#else
#define ON_THE_STACK __attribute__((noinline))
#endif

/* For a thread's own structures: compilers would align those of 16 bytes to 16, and each costs every thread.
 */
#define UNPADDED __attribute__((aligned(8)))

/* A way that is rarely taken: the usual one then needs no frame. */
#define NOT_INLINED __attribute__((noinline))

/*
 * For what reads what belongs to the thread, in a function that runs hooks before: a hook may end on another
 * thread. On most processors compilers keep the thread's address over calls; x86-64 names it in each
 * instruction, but where the address of a thread's variable is the result of a call.
 */
#if defined(__x86_64__) && !POND_TLS_DYNAMIC
#define AFTER_HOOK inline
#else
#define AFTER_HOOK NOT_INLINED
#endif

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
