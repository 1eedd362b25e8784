/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between compilers, platforms and build variants; nothing else tests a macro of theirs. */
#ifndef POND_PORT_H
#define POND_PORT_H

/* The functions that <pond/pond.h> makes of others for programs are the library's own here. */
#ifndef POND_LIBRARY_
#define POND_LIBRARY_ 1
#endif

#include <assert.h>
#include <ck_md.h>
#include <pond/inline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Concurrency Kit's ck_md.h is made for one machine, and a cross compiler may find the one of the machine it
 * runs on: that of x86 leaves all fences out.
 */
#if defined(CK_MD_TSO) && !defined(__x86_64__) && !defined(__i386__) && !defined(__sparc__)
#error "ck_md.h, of Concurrency Kit, is for another processor than this: the include path lacks the right one"
#endif

/*
 * Asserts an invariant of the library's own, in builds with -DPOND_ASSERTS (asan, tsan, debug, i686). In all
 * others the condition is compiled and never evaluated, so that it costs no instruction and cannot rot.
 */
#ifdef POND_ASSERTS
#define POND_ASSERT(condition) assert(condition)
#else
#define POND_ASSERT(condition) ((void)(false && (condition)))
#endif

/* True: full fences take the place of membarrier, see <pond/inline.h>. */
#ifdef POND_FENCE
#define POND_FENCED true
#else
#define POND_FENCED false
#endif

/*
 * Relaxed accesses to what one thread writes while others read it: no word is torn, and nothing else is
 * ordered. Why that is enough stands behind `Relaxed:` where the place is declared, or at the access; where
 * it is not enough, __atomic_* is called with the order, and names the access it pairs with.
 * src/tools/lint-atomics counts both.
 */
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

/* Tells the processor that this thread is waiting for another one. */
static inline void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* For the functions that are called most: they begin on a line of the instruction cache. */
#define ON_ONE_LINE __attribute__((aligned(64)))

/* For a function that frame_search looks for on the stack: it stays one piece, and keeps its frame. */
#if defined(__GNUC__) && !defined(__clang__)
#define ON_THE_STACK __attribute__((noipa))
#else
#define ON_THE_STACK __attribute__((noinline))
#endif

/* For a thread's own variables: compilers would align structures of 16 bytes to 16, which costs every thread
 * the padding. */
#define UNPADDED __attribute__((aligned(8)))

/* For steps that each call of several functions begins with: a call to reach them would cost as much. */
#define INLINED inline __attribute__((always_inline))

/* For a way that is rarely taken: the caller then needs no frame on its usual way. */
#define NOT_INLINED __attribute__((noinline))

/*
 * For a function that reads the thread's own variables and is called after a hook has run: a hook may yield
 * its coroutine and go on on another thread. Compilers may keep the thread's address in a register over the
 * hook, so such a function is not inlined. On x86-64 each instruction names the thread's register itself,
 * unless variables of the thread are found by a call (POND_TLS_DYNAMIC).
 */
#if defined(__x86_64__) && !POND_TLS_DYNAMIC
#define AFTER_HOOK inline
#else
#define AFTER_HOOK NOT_INLINED
#endif

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static inline bool is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* The least multiple of `unit`, a power of two, that is no less than `bytes`. */
static inline size_t rounded_up(size_t bytes, size_t unit)
{
    POND_ASSERT(is_power_of_two(unit));
    return (bytes + unit - 1) & ~(unit - 1);
}

/* Sets of bits in words of 64: how many words n bits take, and whether the i-th is set. */
static inline size_t bit_words(size_t n)
{
    return (n + 63) / 64;
}

static inline bool bit_is_set(const uint64_t *words, size_t i)
{
    return (words[i / 64] >> i % 64 & 1) != 0;
}

#endif
