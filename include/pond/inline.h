/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path, inlined: pond_get_inline and pond_put_inline do what pond_get and pond_put do without the
 * call. For those who rebuild with the library: the layouts below may change with any version. This is also
 * the library's own and only copy of the fast path.
 *
 * Coroutines that go on on another thread than they yielded on: define POND_FIBERS, and the functions below
 * are calls. Where a function that yields inlines the fast path, a compiler may read the thread's address
 * once for all of it (gcc does so on aarch64 and riscv64, clang on aarch64), and then uses the cache of a
 * thread that it left. A call reads it anew; so pond_get and pond_put need no macro.
 *
 * The line. A thread has a cache line in each pond: `pond_line_self` bytes from the pond, the same in all
 * of them. What a new thread has, 0, leads to the pond's first line, which never opens: each operation
 * falls to the slow path there. The low bit of `top` says that the line's owner is inside. Another thread
 * takes the line over only after it has closed it, had every thread pass a barrier (membarrier), and seen
 * an even `top`. Why neither then misses the other, though there is no fence here, is told in src/gate.h,
 * the home of this protocol: the mark and the look at base or limit below are its steps (1) and (2).
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

/* POND_MARK_ is step (1), POND_BOUND_ step (2). ThreadSanitizer knows no membarrier. The symbol is renamed
   with the variant, so that callers inlined one way never link with a library built the other way. */
#if (defined(POND_TSAN) || !defined(__linux__)) && !defined(POND_FENCE)
#define POND_FENCE 1
#endif
#ifdef POND_FENCE
#define pond_line_self pond_line_self_fence
#define POND_MARK_(place, value) ((void)__atomic_exchange_n(&(place), value, __ATOMIC_SEQ_CST))
#define POND_BOUND_(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#else
#define POND_MARK_(place, value)                                                                             \
    (__atomic_store_n(&(place), value, __ATOMIC_RELAXED), __atomic_signal_fence(__ATOMIC_SEQ_CST))
#define POND_BOUND_(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#endif

/* Counts one more where others may read meanwhile: in one instruction, for which C11 has no words. */
#if defined(__x86_64__) && !defined(POND_TSAN)
#define POND_COUNT_(place) __asm__ __volatile__("addq $1, %0" : "+m"(place) : : "cc")
#else
#define POND_COUNT_(place) __atomic_store_n(&(place), (place) + 1, __ATOMIC_RELAXED)
#endif

/* The slot that a number is the address of. */
#ifdef __cplusplus
#define POND_SLOT_(address) reinterpret_cast<void **>(address)
#else
#define POND_SLOT_(address) ((void **)(address))
#endif

/*
 * How a thread's own variable is found: initial-exec, without a call. A loader has room for such ones when
 * a program begins, and little of it for what it loads later (doc/host.md). So with 1 the
 * compiler and the linker choose, which makes the same of them in a program: where `make
 * TLS=global-dynamic` says so, and with musl and bionic, whose dlopen has no room at all.
 */
#ifndef POND_TLS_DYNAMIC
#if defined(__linux__) && !defined(__GLIBC__)
#define POND_TLS_DYNAMIC 1
#else
#define POND_TLS_DYNAMIC 0 /* installed: as the library was built */
#endif
#endif
#if POND_TLS_DYNAMIC
#define POND_TLS_
#else
#define POND_TLS_ __attribute__((__tls_model__("initial-exec")))
#endif

/* Bytes from a pond to this thread's line in it, from its registration to its exit; else 0. */
extern POND_API __thread uint64_t pond_line_self POND_TLS_;

/*
 * One thread's cache in one pond: a cache line. All zero, it is empty and has no room.
 *
 *      base           top          limit
 *       |              |             |
 *       v              v             v
 *     [ obj  obj  obj  .    .    .   ]    the loaded magazine; idle objects: base[0] .. top[-1]
 *
 * Pointers rather than a count: a get and the put after it hand `top` to each other through memory,
 * and nothing is computed on the way that the next operation has to wait for. The mark is a bit of `top`
 * rather than a word of its own: an operation then stores to this line and to the slot alone.
 */
typedef struct pond_cache {
    uintptr_t top;         /* + 1: the owner is inside. Written by the owner alone */
    uintptr_t base;        /* a get is served while top is above this; UINTPTR_MAX: closed */
    uintptr_t limit;       /* a put is served while top is below this; 0: closed, or a put has hooks to run */
    uint64_t gets;         /* served */
    uint64_t slow_path[4]; /* the slow path's own (struct cache in the library's types) */
} __attribute__((__aligned__(64), __may_alias__)) pond_cache;

POND_API void *pond_get_slow(pond *p); /* the fast path's ways out; entered with the line marked */
POND_API void pond_put_slow(pond *p, void *obj, pond_cache *line, uintptr_t top); /* before the mark */

/* Names of the functions below end with _, so that they hide none of the program's own (-Wshadow). */
static __inline__ pond_cache *pond_line(pond *p_)
{
    char *start_ = POND_CAST_(char *, POND_CAST_(void *, p_));
    return POND_CAST_(pond_cache *, POND_CAST_(void *, start_ + pond_line_self));
}

/*
 * Marks the line; returns what its top was. Pairs with line_is_marked in src/line.h, step (C): a closer
 * sees the mark, or this thread then sees the line closed.
 */
static __inline__ uintptr_t pond_line_enter(pond_cache *c_)
{
    uintptr_t top_ = __atomic_load_n(&c_->top, __ATOMIC_RELAXED);
    POND_MARK_(c_->top, top_ + 1);
    return top_;
}

/*
 * Takes the mark off. Release: pairs with line_is_marked in src/line.h, so that a closer who reads this top
 * sees all that was done inside.
 */
static __inline__ void pond_line_leave(pond_cache *c_, uintptr_t top_)
{
    __atomic_store_n(&c_->top, top_, __ATOMIC_RELEASE);
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
#elif defined(POND_FIBERS)
static __inline__ void *pond_get_inline(pond *p_) POND_USE_RESULT;

static __inline__ void *pond_get_inline(pond *p_)
{
    return pond_get(p_);
}

static __inline__ void pond_put_inline(pond *p_, void *obj_)
{
    pond_put(p_, obj_);
}
#else
static __inline__ void *pond_get_inline(pond *p_) POND_USE_RESULT;

/* As pond_get. */
static __inline__ void *pond_get_inline(pond *p_)
{
    pond_cache *c_ = pond_line(p_);
    uintptr_t top_ = pond_line_enter(c_);
    void *obj_;
    /* Step (2). Pairs with line_close in src/line.h: no object is taken of a magazine that a closer has. */
    if (__builtin_expect(top_ <= POND_BOUND_(c_->base), 0))
        return pond_get_slow(p_);
    obj_ = POND_SLOT_(top_)[-1];
    POND_COUNT_(c_->gets);
    pond_line_leave(c_, top_ - sizeof(void *));
    return obj_;
}

/* As pond_put. */
static __inline__ void pond_put_inline(pond *p_, void *obj_)
{
    pond_cache *c_;
    uintptr_t top_;
    if (__builtin_expect(!obj_, 0))
        return;
    c_ = pond_line(p_);
    top_ = pond_line_enter(c_);
    /* Step (2). Pairs with line_close in src/line.h: no object goes into a magazine that a closer has. */
    if (__builtin_expect(top_ >= POND_BOUND_(c_->limit), 0)) {
        pond_put_slow(p_, obj_, c_, top_);
        return;
    }
    *POND_SLOT_(top_) = obj_;
    pond_line_leave(c_, top_ + sizeof(void *));
}
#endif

#ifdef __cplusplus
}
#endif

#endif
