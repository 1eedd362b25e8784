/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pond: object pools for C servers.
 *
 * A pond keeps objects of one type. pond_get hands one out (the object is then live), pond_put takes
 * it back (idle). Every thread has a cache of its own in every pond it uses, so that a get or put
 * usually takes no lock and no atomic instruction. Idle objects age by epochs, which the application
 * advances: an idle object that no get touches is dropped at the second epoch after its put.
 *
 * Threads: every function may be called by any thread at any time, with no registration. pond_destroy alone
 * asks that no other thread be calling into its pond. Hooks: what they may do, and what is refused in them,
 * is said of pond_options. Signals: no function is async-signal-safe but pond_has_idle. A call in the handler
 * of a signal that interrupted another call of the thread fails with EDEADLK, and is reported if a debug word
 * is on. Without words that holds where neither is a get, a put or one of their _many; else it is undefined.
 *
 * Errors: a function that fails returns NULL or -1 and sets errno; nothing in the pond is lost. A NULL pond
 * is EINVAL, but for pond_get and pond_put, which fault as any use of NULL does. A double put, a put of what
 * is not the pond's, a use after put: undefined, as with free, unless <pond/debug.h> has them caught.
 *
 * Sources: magazines and a depot are those of Bonwick and Adams (USENIX 2001); that idle objects go at the
 * second tick is what Go's sync.Pool does at its collections; that a get takes no fence while another thread
 * can take its cache over rests on membarrier(2), whole since Linux 4.14, and without it on fences.
 *
 * Programs of other styles: the names of attributes and keywords (malloc, unused, inline, ...) may be macros
 * of the program's, and these headers are silent from -std=c89 -pedantic on. What C89 lacks (bool, _Alignof,
 * variadic macros, and in POND_DEFINE .field = value) is used as an extension that gcc and clang have there.
 */
#ifndef POND_POND_H
#define POND_POND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POND_VERSION_MAJOR 0
#define POND_VERSION_MINOR 1
#define POND_VERSION_PATCH 0
#define POND_VERSION "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define POND_API __attribute__((__visibility__("default")))
#else
#define POND_API
#endif

/*
 * Tells gcc's -fanalyzer which function ends the life of what another one returns. POND_SYMBOL_ gives a
 * function's declaration the symbol of another one; see POND_DEFINE for why.
 */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define POND_FREED_BY(function, argument) __attribute__((__malloc__(function, argument)))
#define POND_SYMBOL_(symbol) __asm__(POND_SYMBOL_TEXT_(__USER_LABEL_PREFIX__, symbol))
#define POND_SYMBOL_TEXT_(prefix, symbol) POND_TEXT_(prefix) #symbol
#define POND_TEXT_(text) #text
#define POND_HAS_FREED_BY 1
#else
#define POND_FREED_BY(function, argument)
#define POND_HAS_FREED_BY 0
#endif

#if defined(__GNUC__) || defined(__clang__)
#define POND_USE_RESULT __attribute__((__warn_unused_result__))
#else
#define POND_USE_RESULT
#endif

/*
 * For what is called most: in libpond.so it is called by its address, not through a stub of the linker, which
 * takes 0.86 of the time. Linked with libpond.a the call is a direct one as ever.
 */
#if defined(__has_attribute)
#if __has_attribute(__noplt__)
#define POND_NO_STUB_ __attribute__((__noplt__))
#endif
#endif
#ifndef POND_NO_STUB_
#define POND_NO_STUB_
#endif

/* A cast that no compiler warns of. */
#ifdef __cplusplus
#define POND_CAST_(T, value) static_cast<T>(value)
#else
#define POND_CAST_(T, value) ((T)(value))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Most bytes of one object, and the largest alignment (one page). */
#define POND_MAX_SIZE (POND_CAST_(size_t, 64) << 20)
#define POND_MAX_ALIGN POND_CAST_(size_t, 4096)

/* Most objects one thread cache can be told to hold (pond_options.cache_objects). */
#define POND_MAX_CACHE_OBJECTS POND_CAST_(size_t, 1016)

typedef struct pond pond;

/* Why an object leaves the pond; the destroy hook is told. */
typedef enum pond_drop_reason {
    POND_DROP_EPOCH,     /* idle for two epochs */
    POND_DROP_REJECTED,  /* the reset hook returned false */
    POND_DROP_DISCARDED, /* pond_discard */
    POND_DROP_LIMIT,     /* a bound of the pond or of all, or no memory to keep track of it */
    POND_DROP_TRIM,      /* pond_trim, pond_trim_to, or another pond's want of memory */
    POND_DROP_DESTROY,   /* pond_destroy */
    POND_DROP_DEBUG      /* a debug word took it: guard, chaos, bypass (see <pond/debug.h>) */
} pond_drop_reason;

#define POND_DROP_REASONS 7 /* how many there are */
#define POND_DROP_ROOM 16   /* how many later versions can have: pond_stats.dropped keeps its length */

/* What a field of a type promises after reset. */
typedef enum pond_field_kind {
    POND_FIELD_SENSITIVE, /* all zero: it held a secret */
    POND_FIELD_POINTER,   /* NULL: it pointed at something the object does not own */
    POND_FIELD_KEPT       /* kept as it is on purpose (a buffer, a context) */
} pond_field_kind;

typedef struct pond_field {
    const char *name;
    size_t offset, size;
    pond_field_kind kind;
} pond_field;

/* The type of a pond's objects. Its address is the tag. Make one with POND_TYPE of <pond/typed.h>. */
typedef struct pond_type {
    const char *name;
    size_t size, align;
    const pond_field *fields;
    size_t field_count;
} pond_type;

/* pond_options.flags */
enum {
    POND_ZERO_ON_PUT = 1u << 0,    /* put wipes the object's bytes after reset, and no compiler removes it */
    POND_THREAD_CONFINED = 1u << 1 /* the application promises: an object is put by the thread that got it */
};

/* clang, told of C89 and -pedantic, warns of each bool, though it is <stdbool.h>'s. */
#if defined(__clang__) && !defined(__cplusplus)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc99-extensions"
#endif

/*
 * Hooks run outside every lock, on the thread whose call needs them. A hook may get and put on other
 * ponds, allocate, lock and block; its coroutine may yield in it, and go on on another thread. It must not
 * call into its own pond and must not leave by longjmp, an exception or the end of its thread (pthread_exit,
 * cancellation). If one does leave so, its object is lost: live for ever, until somebody who still has it
 * puts it once more, or, left by destroy, its memory not given back; all else goes on. Any word of
 * <pond/debug.h> but guard reports it.
 *
 * No hook may tick, trim or destroy a pond, its own or another; it may create one. Such a call does nothing,
 * sets errno to EDEADLK and returns -1 (pond_destroy), 0 (pond_trim), or the epoch as it is. It is known by
 * its stack: a coroutine that uses ponds while a hook of another one has yielded is not in that hook. With
 * any word of <pond/debug.h> on it is reported, and refused in every hook; else it is refused in the hooks
 * that a tick or trim runs and of the pond that is to be destroyed, and in all others does its work. Where a
 * stack cannot be unwound it does its work, too.
 *
 * Everything zero but size is a valid pond. The structure and its strings are copied; *type, ctx and
 * what they point at must live as long as the pond.
 */
typedef struct pond_options {
    const char *name;      /* shown in reports, statistics and profiles; NULL: the type's name, or "pond" */
    const pond_type *type; /* the tag; gives size and alignment */
    size_t size, align;    /* used when type is NULL. 1 to POND_MAX_SIZE bytes; a power of two up to
                              POND_MAX_ALIGN, or 0: as malloc would for this size */
    int (*construct)(void *obj, void *ctx); /* when memory becomes an object; returns 0, or an errno value
                                               with which the get then fails */
    bool (*reset)(void *obj, void *ctx);    /* on every put, before the object is idle; false: drop it */
    void (*destroy)(void *obj, pond_drop_reason why,
                    void *ctx); /* on every drop, exactly once per construct */
    void *(*create)(void *ctx); /* with size 0 and no type: the pond keeps pointers that create makes and
                                   destroy ends (z_stream, SSL, ...). NULL and errno when it fails. Needs
                                   destroy; construct must be NULL */
    size_t (*footprint)(const void *obj, void *ctx); /* bytes the object owns beside itself; called on
                                                        objects that are idle or being put */
    size_t max_footprint;  /* put drops an object that owns more than this after reset; 0: no bound */
    void *ctx;             /* handed to every hook */
    size_t max_objects;    /* most objects, live and idle; one whose destroy hook runs no longer counts;
                              0: no bound */
    size_t max_idle_bytes; /* most bytes idle, footprints included; 0: no bound but the epochs */
    size_t min_idle;       /* epochs keep at least this many idle */
    size_t cache_objects;  /* most objects one thread cache holds, up to POND_MAX_CACHE_OBJECTS;
                              0: chosen and adapted by the pond */
    unsigned flags;        /* POND_ZERO_ON_PUT, POND_THREAD_CONFINED */
    uint64_t max_age;      /* an object idle for more than so many epochs is dropped though min_idle would
                              keep it, the oldest first, and from the tick on that made it so old no get
                              returns it; 0: no bound */
} pond_options;

#if defined(__clang__) && !defined(__cplusplus)
#pragma clang diagnostic pop
#endif

/*
 * Returns a new pond, or NULL with errno EINVAL (an option out of its range, hooks that contradict
 * each other, an unknown flag), ENOMEM, or E2BIG (see <pond/sizes.h>). The caller owns it until
 * pond_destroy. Takes a lock and maps memory: about as dear as creating a thread.
 */
POND_API pond *pond_create(const pond_options *options) POND_USE_RESULT;

/*
 * Why pond_create or pond_limits_set last said EINVAL or E2BIG on this thread: one sentence that names the
 * option, for a log; "" when neither did. A constant text, which is never freed.
 */
POND_API const char *pond_why(void);

/*
 * Drops every idle object (POND_DROP_DESTROY) and frees the pond. Returns 0; or -1 with errno EBUSY
 * while objects are live: then nothing was freed or dropped and the pond goes on. Other threads may still
 * hold caches on the pond, but none may be calling into it or call into it later: that is reported, for the
 * last 64 ponds destroyed. EBUSY, too, when a thread was stopped in the middle of a call for about a second,
 * or a coroutine that yielded in a hook of its tick was not done with it in that time. NULL is ignored. Not
 * for hooks: where it is refused there, as pond_options says, it returns -1 with EDEADLK.
 */
POND_API int pond_destroy(pond *p);

/*
 * Takes an object back, which p handed out, from any thread: reset runs, then it is idle, and the pond's.
 * NULL is ignored, as free(NULL). Never fails. Costs what a get costs where the pond has no reset hook and
 * the thread's cache has room. Without a word of <pond/debug.h> that looks at it, a put of what is not a live
 * object of p is undefined.
 */
POND_API void pond_put(pond *p, void *obj) POND_NO_STUB_;

/* As pond_put, for a function of the program's own: caller is what it is for pond_get_from. */
POND_API void pond_put_from(pond *p, void *obj, const void *caller);

/*
 * Takes an object back and drops it at once, without reset: destroy runs in the call, with
 * POND_DROP_DISCARDED, and the object is gone. For one that is not to be used again. NULL is ignored. Never
 * fails. Takes the pond's lock.
 */
POND_API void pond_discard(pond *p, void *obj);

/*
 * Returns an idle object, or a new one (then construct or create ran). The caller owns it until
 * pond_put or pond_discard, on any thread. New memory is zero before construct; an object that was
 * put before is as its reset left it. NULL and errno: ENOMEM; EAGAIN at max_objects with every
 * object live; what construct returned; what create left in errno. A get that the thread cache
 * serves takes no lock, no atomic read-modify-write and no fence. Before a get says ENOMEM all ponds give
 * what they have idle, as pond_trim_to(0) does: so a get that makes an object may call destroy hooks of other
 * ponds (as may pond_get_many, pond_reserve and pond_create), and holds no lock of the program's that these
 * take. A get at max_objects may have to wait for other threads to leave their caches, which takes them a few
 * instructions. For one that is stopped there (by a debugger, or since threads of higher priority leave it no
 * processor) it waits about a second, and may then say EAGAIN though that thread's cache has idle objects.
 */
POND_API void *pond_get(pond *p) POND_USE_RESULT POND_NO_STUB_ POND_FREED_BY(pond_put, 2)
    POND_FREED_BY(pond_put_from, 2) POND_FREED_BY(pond_discard, 2);

/*
 * Returns an idle object, or NULL with ENOENT: none is made, and no hook runs but that of a footprint. Looks
 * where pond_get looks before it makes one: in this thread's cache and in what threads share, not in the
 * caches of others. A NULL for want of an idle object does not count as failed.
 */
POND_API void *pond_get_idle(pond *p) POND_USE_RESULT POND_FREED_BY(pond_put, 2)
    POND_FREED_BY(pond_put_from, 2) POND_FREED_BY(pond_discard, 2);

/*
 * As pond_get, but at max_objects with every object live it waits until one is put, or until there is room
 * for another one, for at most so many nanoseconds: 0: not at all, -1: for ever. NULL and ETIMEDOUT: the time
 * is over. First come, first served: each put hands its object to whoever waits longest. While nobody waits
 * that costs a put nothing; for as long as somebody does gets and puts of the pond take a lock. Where a
 * thread is stopped in its cache the call may take a second longer, as pond_get. A call in a hook of the
 * pond, or of one with the same hook, that would have to wait fails with EDEADLK; it is known by its stack,
 * so not where the call is the last thing that the hook does and the compiler has made a jump of it. A thread
 * is not cancelled while it waits. The child of a fork has none who wait; pond_destroy says EBUSY while
 * somebody does.
 */
POND_API void *pond_get_wait(pond *p, int64_t timeout_ns) POND_USE_RESULT POND_FREED_BY(pond_put, 2)
    POND_FREED_BY(pond_put_from, 2) POND_FREED_BY(pond_discard, 2);

/*
 * As pond_get, for a function of the program's own that everybody gets by: reports and profiles name `caller`
 * (__builtin_return_address(0) in that function) and who called there, instead of that function, which is the
 * same for all. NULL: as pond_get.
 */
POND_API void *pond_get_from(pond *p, const void *caller) POND_USE_RESULT POND_FREED_BY(pond_put, 2)
    POND_FREED_BY(pond_put_from, 2) POND_FREED_BY(pond_discard, 2);

/*
 * Gets up to n objects into objs, which has room for n pointers, and returns how many were got: they are
 * the first of objs, and the caller's as if each were got by pond_get. Fewer than n: errno is what pond_get
 * would have set. The objects need not be put together.
 */
POND_API size_t pond_get_many(pond *p, void **objs, size_t n);

/*
 * Puts n objects of p, each as pond_put does; a NULL among them is ignored. They need not have been got
 * together. Never fails; objs is only read.
 */
POND_API void pond_put_many(pond *p, void *const *objs, size_t n);

/*
 * Makes at least n objects idle by constructing what is missing. Returns how many are idle then:
 * fewer than n, with pond_get's errno, when construction fails or a limit is met. The new objects
 * age as if they had just been put. Where memory is short other ponds give theirs, as for pond_get.
 */
POND_API size_t pond_reserve(pond *p, size_t n);

/*
 * One tick of ageing for every pond: what was idle since before the last tick is dropped (destroy
 * hooks run here, on the calling thread), what was put since then becomes the victims, and whole
 * free pages go back to the operating system. Returns the new epoch, counted from 0. Any thread may
 * tick, also several at once; call it on a timer, say every second. A tick waits for no other thread
 * longer than a bounded time (well under a millisecond). Not for hooks: where
 * it is refused there, as pond_options says, errno is EDEADLK and the epoch stays as it is.
 */
POND_API uint64_t pond_epoch_advance(void);

/*
 * One tick for this pond alone, as pond_epoch_advance is one for all. Returns the pond's own new epoch,
 * counted from its creation. Not for hooks, as pond_epoch_advance.
 */
POND_API uint64_t pond_rotate(pond *p);

/*
 * The most objects one tick drops from here on, of all ponds together; what is left over stays idle,
 * can be got (unless it is beyond max_age), and is dropped by the next ticks. As many system calls at most,
 * but three in any case, give memory back in a tick (munmap, madvise); the rest goes back at the next ones. 0
 * (the default): no bound. Takes effect at the next tick.
 */
POND_API void pond_tick_budget(size_t objects);

/*
 * Drops all idle objects now (POND_DROP_TRIM), min_idle or not, and gives free pages back; NULL: of
 * every pond. Returns the bytes of the objects dropped, footprints included. What a thread caches that is
 * stopped in the middle of a get or put is left to the next ticks, after about a second. Not for
 * hooks: where it is refused there, as pond_options says, it returns 0 with EDEADLK.
 */
POND_API size_t pond_trim(pond *p);

/*
 * Drops idle objects of all ponds (POND_DROP_TRIM), the oldest first, so far as epochs tell, until no more
 * than so many bytes are idle; what min_idle keeps stays. Gives free pages back. Returns the bytes of the
 * objects dropped, footprints included as estimated (pond_stats). Not for hooks, as pond_trim.
 */
POND_API size_t pond_trim_to(size_t bytes);

/*
 * The most bytes idle in all ponds together, from here on; 0 (the default): no bound. Each pond_epoch_advance
 * drops what is beyond it (POND_DROP_LIMIT), as pond_trim_to does and as far as pond_tick_budget goes; so
 * does a put that needs another magazine, of its own pond, or its object is dropped. What puts find room for
 * in magazines that there are already is looked at by the next tick. A tick then looks at all ponds.
 */
POND_API void pond_idle_budget(size_t bytes);

/*
 * 0: a tick would change nothing until the next put, so an event loop need not wake up for it. What
 * min_idle keeps changes nothing; nor does a tick that only looks for what debug words and profiles want to
 * know. A few nanoseconds for each thousand ponds; any thread, any time, hooks and signal handlers included.
 */
POND_API int pond_has_idle(void);

/* Why a get returned NULL: the index of pond_stats.failed. */
typedef enum pond_fail_reason {
    POND_FAIL_MEMORY, /* ENOMEM: no memory for a new object */
    POND_FAIL_LIMIT,  /* EAGAIN: max_objects; or ETIMEDOUT */
    POND_FAIL_HOOK,   /* construct or create said no */
    POND_FAIL_DEBUG   /* the debug word fail */
} pond_fail_reason;

#define POND_FAIL_REASONS 4 /* how many there are */
#define POND_FAIL_ROOM 8    /* how many later versions can have: pond_stats.failed keeps its length */

typedef struct pond_stats {
    uint64_t live;        /* objects handed out */
    uint64_t idle_local;  /* idle in thread caches */
    uint64_t idle_shared; /* idle in the depot */
    uint64_t idle_victim; /* idle since before the last tick */
    uint64_t gets;        /* objects handed out since creation; failed gets are not counted */
    uint64_t puts;        /* objects taken back since creation, discards and rejected ones included */
    uint64_t hits;        /* gets served by an idle object */
    uint64_t misses;      /* gets that made an object; hits + misses == gets */
    uint64_t constructed; /* objects made since creation, by pond_reserve too */
    uint64_t dropped[POND_DROP_ROOM]; /* objects dropped, by pond_drop_reason; the rest is 0 */
    uint64_t high_water;              /* most objects, live and idle, at one time */
    uint64_t object_bytes;            /* memory one object takes, padding included; 0 with create */
    uint64_t live_bytes, idle_local_bytes, idle_shared_bytes, idle_victim_bytes, high_water_bytes;
    /* the counts above in bytes: object_bytes each, and for a pond with a footprint hook also the
       mean footprint seen at puts */
    uint64_t slab_bytes;             /* address space the pond's slabs take; 0 with create */
    uint64_t epoch;                  /* this pond's ticks since creation */
    uint64_t cache_objects;          /* most objects a thread cache holds now */
    uint64_t failed[POND_FAIL_ROOM]; /* gets that returned NULL, by pond_fail_reason; a pond_get_many that
                                        got fewer than it was asked for is one. Calls that are refused
                                        (EDEADLK, EINVAL) are no gets */
    uint64_t resident_bytes; /* of slab_bytes, what is in memory: each page that had an object on it since it
                                was last given back, or may soon have one: up to 64 KiB a thread */
    uint64_t waited;         /* gets that had to wait at max_objects (pond_get_wait), in vain or not */
} pond_stats;

/*
 * Fills *stats. Exact when no other thread uses the pond at the moment; else each figure is one that
 * was true shortly before or after the others. constructed == live + idle_* + sum of dropped. Costs
 * a few nanoseconds for each thread that ever used a pond; disturbs none of them.
 */
POND_API void pond_stats_read(pond *p, pond_stats *stats);

/* The bounds of a pond, as pond_options has them; 0: none. */
typedef struct pond_limits {
    size_t max_objects;    /* most objects, live and idle */
    size_t max_idle_bytes; /* most bytes idle */
    size_t min_idle;       /* epochs keep at least so many idle */
    size_t max_footprint;  /* most bytes that an object owns beside itself after a put */
    uint64_t max_age;      /* most epochs that an object is idle */
} pond_limits;

/* Fills *limits, all of one instant. Takes a lock for a few nanoseconds. */
POND_API void pond_limits_read(const pond *p, pond_limits *limits);

/*
 * Sets all of them at once, as a server does that reads its configuration anew: read, change some, set.
 * Returns 0; -1 and EINVAL or E2BIG, which pond_why explains: nothing is changed. Not for hooks: where
 * refused there, it returns -1 with EDEADLK. May be called from the visit of pond_each.
 *
 * What is idle beyond the new bounds is dropped by the call, the oldest first (POND_DROP_LIMIT; destroy hooks
 * run here). While more objects are live than max_objects, gets say EAGAIN and each put drops its object,
 * until enough were put. max_footprint is looked at by the puts that come. A pond with a footprint hook that
 * gets its first max_idle_bytes drops all that is idle, for nobody has counted it, and counts from then on:
 * its gets and puts take a lock, also if the bound is taken away again. A pond whose max_idle_bytes is
 * lowered may take a lock for each get and put until the next ticks or trims. What a thread caches that is
 * stopped in the middle of a get or put is left to the next ticks, after about a second.
 */
POND_API int pond_limits_set(pond *p, const pond_limits *limits);

/* The pond's name: its own copy of the first 47 bytes, which lasts as long as the pond. */
POND_API const char *pond_name(const pond *p);

/* The name of the type of the pond's objects, the pond_type's own text; "" where it has none. */
POND_API const char *pond_type_name(const pond *p);

/*
 * Calls visit(p, ctx) for each pond, the oldest first, among them those that are made meanwhile. None of them
 * is destroyed while it is visited: pond_destroy waits. Stops when visit returns other than 0, and returns
 * that; else 0. No lock is held over visit, which may use ponds, read their statistics and set their limits,
 * but must not tick, trim, audit or destroy: that is refused as in a hook. -1 and EDEADLK in a signal's
 * handler that interrupted the library. Each step looks at all ponds: some microseconds with a thousand.
 */
POND_API int pond_each(int (*visit)(pond *p, void *ctx), void *ctx);

/*
 * The oldest pond of this name, by as much of it as a pond keeps (47 bytes); NULL and ENOENT: there is none.
 * The pond is not kept from being destroyed: whoever does that must know of those who look. Takes a lock, and
 * looks at all ponds.
 */
POND_API pond *pond_find(const char *name);

/*
 * The pond in whose object's memory this address lies, whether the object is live or idle; NULL and ENOENT:
 * it lies in no pond's, or what it lies in was made by a create hook. Any address may be asked: nothing is
 * read there. Of an object that is live the answer holds as long as it is. Takes a lock that mapping memory
 * takes, too.
 */
POND_API pond *pond_of(const void *address);

/*
 * Writes a table of all ponds as plain text, for a ticket: a line that names the columns, one for each pond,
 * the oldest first, and one of sums, whose name is "total=" and the number of ponds. Columns are separated by
 * spaces; what has no value is "-", and in names a byte that is not plain ASCII, a space and any of %="'\ is
 * %XX. Columns that come later come before the last one, the type's name. Lines are written whole, and no
 * pond_destroy waits while they are. Returns 0; or -1 and errno of the write that failed, EAGAIN where the
 * reader of a pipe or socket that does not block took nothing for a second. As with write(), a pipe that
 * nobody reads raises SIGPIPE. May be called in a hook.
 */
POND_API int pond_dump(int fd);

/* pond_prepare: what is done ahead */
enum {
    POND_PREPARE_SYMBOLS = 1u << 0,     /* libpond-symbol and, where it is to be found, libpond-profile are
                                           loaded, and the debug information of all that is loaded now is
                                           opened */
    POND_PREPARE_SYSTEM_CALLS = 1u << 1 /* what the process and this thread ask of the system once is asked */
};

/*
 * Does now what is else done when it is first needed: before chroot, before /proc is gone, before a sandbox.
 * Reports and profiles then name functions, files and lines of all that was loaded before, without a file.
 * Returns 0, or -1 and errno: EINVAL (flags), ENOMEM, ENOENT (there is no libpond-symbol; the rest was done).
 * Symbols of a large program take tens of milliseconds, and the files stay mapped. A child of a fork is
 * prepared if its parent was.
 */
POND_API int pond_prepare(unsigned flags);

/* The version of the library that is linked, POND_VERSION of its header: a constant text. */
POND_API const char *pond_version(void);

#ifdef __cplusplus
}
#endif

#include <pond/sizes.h>

#endif
