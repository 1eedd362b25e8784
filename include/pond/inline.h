/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path, inlined: pond_get_inline and pond_put_inline do what pond_get and pond_put do without
 * the call. For those who rebuild with the library: the layouts below may change with any version.
 * This is also the library's own and only copy of the fast path.
 *
 * The gate. Every thread has a pond_gate; the thread says in `busy` that it is inside a cache and
 * `index` says inside which: `p + index` is its cache line in pond p. Index 0, what a new thread has,
 * is the pond's first line: a cache with no objects and no room, where each operation falls to the
 * slow path. Another thread takes all caches of a thread over by storing index 0, having every
 * thread pass a barrier (membarrier), and waiting until it reads busy 0:
 *
 *     owner                        other
 *     (1) busy = 1                 (A) index = 0
 *     (2) index                    (B) membarrier
 *                                  (C) busy
 *
 * (2) must not read an open index while (C) reads busy 0. The membarrier makes the thread pass a full
 * fence at some point between (A) and (C): if (1) lies before that point, (C) sees it; if not, (2)
 * lies after it and sees (A). A build with POND_FENCE has a full fence between (1) and (2) instead.
 */
#ifndef POND_INLINE_H
#define POND_INLINE_H

#include <pond/pond.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define POND_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define POND_TSAN 1
#endif

/* ThreadSanitizer knows no membarrier. The symbol is renamed with the variant, so that callers inlined
   one way never link with a library built the other way. */
#if (defined(POND_TSAN) || !defined(__linux__)) && !defined(POND_FENCE)
#define POND_FENCE 1
#endif
#ifdef POND_FENCE
#define pond_gate_self pond_gate_self_fence
#define POND_BUSY_(gate) ((void)__atomic_exchange_n(&(gate)->busy, 1, __ATOMIC_SEQ_CST))
#define POND_INDEX_(gate) __atomic_load_n(&(gate)->index, __ATOMIC_SEQ_CST)
#else
#define POND_BUSY_(gate)                                                                                     \
    (__atomic_store_n(&(gate)->busy, 1, __ATOMIC_RELAXED), __atomic_signal_fence(__ATOMIC_SEQ_CST))
#define POND_INDEX_(gate) __atomic_load_n(&(gate)->index, __ATOMIC_ACQUIRE)
#endif

/* Counts on what others may read meanwhile: in one instruction, for which C11 has no words. */
#if defined(__x86_64__) && !defined(POND_TSAN)
#define POND_COUNT_(place) __asm__ volatile("addq $1, %0" : "+m"(place) : : "cc")
#else
#define POND_COUNT_(place) __atomic_store_n(&(place), (place) + 1, __ATOMIC_RELAXED)
#endif

typedef struct pond_gate {
    uint64_t busy;  /* 1: the owner is inside a cache. Written by the owner alone */
    uint64_t index; /* bytes from a pond to this thread's cache in it; 0: closed. Written by the owner
                       when it registers, then under the registry's lock */
} pond_gate;

extern POND_API __thread pond_gate pond_gate_self __attribute__((tls_model("initial-exec")));

/*
 * One thread's cache in one pond: a cache line. All zero, it is empty and has no room.
 *
 *      base           top          limit
 *       |              |             |
 *       v              v             v
 *     [ obj  obj  obj  .    .    .   ]    the loaded magazine; idle objects: base[0] .. top[-1]
 *
 * Pointers rather than a count: a get and the put after it hand `top` to each other through memory,
 * and nothing is computed on the way that the next operation has to wait for.
 */
typedef struct pond_cache {
    void **top;
    void **base;     /* a get is served while top is not this */
    void **limit;    /* a put is served while top is below this; NULL in a pond with work to do at a put */
    uint64_t gets;   /* served */
    uint64_t own[4]; /* the slow path's own (struct cache in the library's types) */
} __attribute__((aligned(64), may_alias)) pond_cache;

POND_API void *pond_get_slow(pond *p); /* the fast path's ways out; entered with the gate busy */
POND_API void pond_put_slow(pond *p, void *obj);

static inline pond_cache *pond_gate_enter(pond *p)
{
    POND_BUSY_(&pond_gate_self);
    return (pond_cache *)(void *)((char *)p + POND_INDEX_(&pond_gate_self));
}

/* Release: whoever then reads busy 0 sees all that was done to the cache. */
static inline void pond_gate_leave(void)
{
    __atomic_store_n(&pond_gate_self.busy, 0, __ATOMIC_RELEASE);
}

/*
 * -fanalyzer cannot follow an object through the fast path: with POND_ANALYZER there is none, and what it
 * compiles are calls of pond_get and pond_put.
 */
#if defined(POND_ANALYZER) && POND_HAS_FREED_BY
POND_API void pond_put_inline(pond *p, void *obj) POND_SYMBOL_(pond_put);
POND_API void *pond_get_inline(pond *p) POND_SYMBOL_(pond_get) POND_USE_RESULT
    POND_FREED_BY(pond_put_inline, 2) POND_FREED_BY(pond_put, 2) POND_FREED_BY(pond_discard, 2);
POND_API void *pond_get(pond *p) POND_FREED_BY(pond_put_inline, 2);
#else
static inline void *pond_get_inline(pond *p) POND_USE_RESULT;

/* As pond_get. */
static inline void *pond_get_inline(pond *p)
{
    pond_cache *c = pond_gate_enter(p);
    void **top = __atomic_load_n(&c->top, __ATOMIC_RELAXED);
    if (__builtin_expect(top == c->base, 0))
        return pond_get_slow(p);
    void *obj = top[-1];
    __atomic_store_n(&c->top, top - 1, __ATOMIC_RELAXED);
    POND_COUNT_(c->gets);
    pond_gate_leave();
    return obj;
}

/* As pond_put. */
static inline void pond_put_inline(pond *p, void *obj)
{
    if (__builtin_expect(obj == NULL, 0))
        return;
    pond_cache *c = pond_gate_enter(p);
    void **top = __atomic_load_n(&c->top, __ATOMIC_RELAXED);
    if (__builtin_expect(top >= c->limit, 0)) {
        pond_put_slow(p, obj);
        return;
    }
    *top = obj;
    __atomic_store_n(&c->top, top + 1, __ATOMIC_RELEASE);
    pond_gate_leave();
}
#endif

#ifdef __cplusplus
}
#endif

#endif
