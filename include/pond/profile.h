/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A heap profile of the ponds: who got the objects that are in use, and who got all there ever were, by
 * stack. malloc's profilers cannot say it of a pool: they show who made an object that somebody else has
 * today, and call what is idle a leak.
 *
 *     POND_PROFILE=rate=512k,exit=heap.%p.pb.gz ./server   from the environment, at the first pond_create
 *     POND_PROFILE=help ./server                           prints the table of words
 *     pond_profile_set("rate=512k")                        at run time, for all ponds and threads
 *
 * Gets are sampled: one in so many that a sample comes every `rate` bytes on average, whatever the pattern of
 * gets. A sample stands for as many gets as its pond's objects and the rate say, so the figures are estimates
 * without bias: sums over many samples are near the truth, a single sample is not. While the rate is 0 (as at
 * first) get and put cost what they cost without this header.
 *
 * Words, separated by commas; spaces around them and letter case do not matter:
 *
 *     rate=512k   mean bytes got between two samples (k, M); 1: every get. A number alone is a rate. off: 0
 *     exit=FILE   a profile is written to FILE when the process exits, %p in it is the process's number.
 *                 Needs libpond-profile (<pond/profile_write.h>), linked or where libpond.so lies. A forked
 *                 child writes one if the name has %p
 *     fine=16k    the rate for a while, when what is in use grows:
 *     grow=64M    by so many bytes since it was least, of all ponds; grow=20%: by such a part of that
 *     for=30      for so many seconds. The tick looks at it; without grow nothing changes the rate
 *     seed=N      the samples of two runs are the same if their threads are alike
 *     trace       a line for each pond and tick, to stderr or pond_on_trace
 *     help        prints this table
 *
 * Switching off forgets which objects are in use (their puts are not seen while off) and keeps what was got.
 * A forked child begins with an empty profile at the same rate.
 *
 * Memory: of the library's own, mapped when sampling first begins, at most 1.5 MiB with 4,096 sampled objects
 * in use and 1,024 stacks of 48 frames; and for each pond 6 KiB and 32 bytes a thread. Where more sampled
 * objects are in use, half of them by chance are forgotten, and those that are left count for two: sums stay
 * without bias. What comes with more stacks is not recorded, and counted (pond_profile_lost).
 */
#ifndef POND_PROFILE_H
#define POND_PROFILE_H

#include <pond/pond.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As POND_PROFILE, in place of all that was set before; NULL, "" or "off": off. Returns 0, or -1 and errno
 * EINVAL (a word is not understood: a report to stderr names it, and nothing is changed) or ENOMEM (as far as
 * there is memory ponds are sampled). Any time, on any thread; takes locks, and closes each thread's caches
 * for a moment.
 */
POND_API int pond_profile_set(const char *words);

/* Mean bytes between two samples now, which is `fine` while that is on; 0: off. */
POND_API size_t pond_profile_rate(void);

/*
 * Seconds since sampling began, or the profile was last emptied (pond_profile_reset, a fork); 0: it is off.
 */
POND_API double pond_profile_seconds(void);

/*
 * Samples the gets of this pond alone at `rate`, if that is finer than pond_profile_rate, for so many seconds
 * from now; what was said so before no longer counts, and pond_profile_set ends it. The first tick that comes
 * later ends it. Estimates stay without bias. Both are a line of the trace: "pond: rate at=3.500000
 * rate=16384 was=524288 why=verdict inuse=BYTES trough=BYTES pond=conns id=1", and then why=over. Returns 0,
 * or -1 and errno: ENODATA (the pond's gets are not sampled), EINVAL (0 is no rate, and no time). Closes each
 * thread's cache of the pond for a moment.
 */
POND_API int pond_profile_fine(pond *p, size_t rate, unsigned seconds);

/*
 * Of recorded objects that ended (were put, or discarded), those of one span of lives. Entry k has lives of
 * 2^(k+8) milliseconds and more, up to twice as long: 0.256 s, 0.512 s, 1.024 s, ...; the last one all that
 * are longer (2.3 hours). Lives under 0.256 s are not kept.
 */
typedef struct pond_profile_life {
    double seconds; /* the sum of their lives */
    uint64_t ended; /* how many they are */
} pond_profile_life;

enum { POND_PROFILE_LIVES = 16 };

/* What is known of one stack of one pond. Objects and bytes are estimates without bias. */
typedef struct pond_profile_row {
    const char *pond, *type; /* names; type is "" where the pond has none */
    const void *const *pcs;  /* return addresses, innermost first: whoever called pond_get is the first */
    size_t count;            /* of pcs, at least 1 */
    double alloc_objects, alloc_bytes; /* got since the profile began */
    double inuse_objects, inuse_bytes; /* of them those that are not put yet */
    uint64_t samples;                  /* gets that were recorded */
    double oldest_seconds;             /* age of the oldest recorded object in use; 0: none is */
    uint64_t pond_id;   /* as `id` in the trace: tells ponds of one name apart. Of those of one name that are
                           gone a stack has one row together, with the id of the first */
    const double *ages; /* seconds since its get, of each recorded object in use, in no order. They are counts
                           of records, not estimates */
    size_t age_count;   /* of ages */
    const pond_profile_life *lives; /* POND_PROFILE_LIVES entries: of recorded objects that ended */
    const double *age_objects; /* as many as ages: how many objects each of them stands for. While the rate
                                  was finer more objects were recorded, each for fewer */
} pond_profile_row;

/*
 * Calls row(r, ctx) for each stack, in no order, of a copy made at once; *r and what it points at are valid
 * during the call. Stops when row returns other than 0, and returns that; else 0, or -1 and errno ENOMEM. row
 * may use ponds. Costs a lock, under which the profile is copied: some 100 us with 1,000 stacks.
 */
POND_API int pond_profile_each(int (*row)(const pond_profile_row *, void *ctx), void *ctx);

/* Empties the profile: nothing was got and nothing is in use, as far as it says. Sampling goes on. */
POND_API void pond_profile_reset(void);

/*
 * Samples since the last reset that were not recorded, for want of room (see above). A pond that cannot be
 * sampled for want of memory counts as one at first, and as one more at each tick until it can be: 0 means
 * that nothing is missing.
 */
POND_API uint64_t pond_profile_lost(void);

enum { POND_HISTORY_MOST = 128 };

/*
 * What a pond was, tick by tick, since its gets are sampled: by intervals, the oldest first; the last one is
 * under way. The figures are exact. They go on over pond_profile_reset.
 */
typedef struct pond_history {
    uint64_t id;     /* as pond_profile_row.pond_id */
    double interval; /* seconds of each: 1 at first. When there are 128 of them each two become one, and are
                        twice as long; when they are of 64 seconds the oldest goes */
    size_t count;    /* of what follows, at least 1; 0: the pond's gets are not sampled */
    uint64_t live[POND_HISTORY_MOST];       /* least objects in use, of all ticks in the interval; where there
                                               was no tick, as in the one before */
    uint64_t live_bytes[POND_HISTORY_MOST]; /* of them, at that moment */
    uint64_t idle_bytes[POND_HISTORY_MOST]; /* at its last tick */
    uint64_t gets[POND_HISTORY_MOST];       /* that were counted in it, by a tick or a reading */
    uint64_t misses[POND_HISTORY_MOST];     /* of them, those that made an object */
} pond_history;

/*
 * Fills *history, which takes 5 KiB. Returns 0, or -1 and errno: ENODATA (the pond's gets are not sampled;
 * then history->id is right, all else 0), EINVAL, EDEADLK. As dear as pond_stats_read.
 */
POND_API int pond_history_read(pond *p, pond_history *history);

POND_API int pond_history_read_sized(pond *p, pond_history *history, size_t bytes);

#ifndef POND_LIBRARY_
POND_TELLS_SIZE_ int pond_history_read(pond *p_, pond_history *history_)
{
    return pond_history_read_sized(p_, history_, sizeof *history_);
}
#endif

/*
 * The word trace: a line for each tick and pond, as key=value pairs with a space between them, in this
 * order. Keys that later versions have as well come behind these. All values but those of at, pond, idle
 * and after are whole numbers. One line, which is wrapped here:
 *
 *     pond: tick epoch=9 at=0.176012 took_us=5 pond=conns live=900 idle=30/2/0 after=0/32/0
 *     gets=300 miss=3 made=3 dropped=0 slab=4194304 resident=61440 id=1 closed_us=4 expired=0
 *     live_bytes=57600 idle_bytes=2048 rate=524288 lost=0 unwritten=0
 *
 *     epoch      of the pond, which the tick has begun (pond_stats.epoch)
 *     at         seconds since the first pond was made, when the tick began: the same in all its lines
 *     took_us    microseconds from then until its work was done, hooks included, and its lines were begun
 *     pond       the name. As in addresses of the web, %XX stands for each byte that is not a visible
 *                ASCII character, and for the five characters % = " ' \
 *     live       objects in use before the tick: this and what else is said of "before" is of one
 *                instant, in which no thread gets from its cache or puts into it
 *     idle       idle objects before it, in threads' caches/shared/victims (pond_stats.idle_*)
 *     after      and after it, before what is due is dropped. The first is 0, or the objects of threads
 *                that could not be waited for
 *     gets       since the pond's line before, as what follows; the first line has all there was
 *     miss       gets that made an object, or tried to
 *     made       objects made. Over all lines so far, made less dropped is live + idle
 *     dropped    objects dropped, for whatever reason
 *     slab       bytes of address space that the pond has for objects, when the line was begun
 *     resident   bytes of the pages of it that are in memory, as far as the library has used them
 *     id         tells ponds of one name apart: the process's how-manieth pond it is
 *     closed_us  microseconds for which the tick kept threads from their caches of this pond
 *     expired    objects dropped for their age since the line before, by this tick, too: dropped has
 *                those in the next line
 *     live_bytes, idle_bytes
 *                bytes of live and of all idle objects with what hangs on them (pond_stats.*_bytes)
 *     rate, lost pond_profile_rate, pond_profile_lost
 *     unwritten  lines of the process that stderr did not take
 *
 * pond_rotate is a tick of its pond. Lines of other kinds have another word than "tick" behind "pond: ",
 * and then the key at. Each line is written at once. All lines of a tick together wait for a second at
 * most until stderr takes them, and are then left out.
 */

/*
 * Where lines of the word trace go, without their newline; NULL: to stderr again. Called on the thread that
 * ticks, which is not cancelled meanwhile, under no lock, when the tick's work is done. It may use ponds, and
 * make new ones; ticks, trims and the destruction of the line's pond are refused with EDEADLK, as in hooks.
 * It must return. Another thread's line may come to the function before for a moment.
 */
POND_API void pond_on_trace(void (*line)(const char *text, void *ctx), void *ctx);

/*
 * Calls line(text, ctx) for each of the last 64 lines of the trace, the oldest first, without their newline,
 * of a copy made at once. Stops when line returns other than 0, and returns that; else 0, or -1 and errno
 * ENOMEM. In a child of fork its parent's lines are among them.
 */
POND_API int pond_trace_each(int (*line)(const char *text, void *ctx), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
