/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every structure of the library, and the equations that hold between their counts.
 *
 *   pond                                     depot, by the epoch e of the pond
 *   +--------+-------------+---------+       +---------------+  stacks[ e    % 3]  shared
 *   | closed | options,    | caches  |       | stacks[3]     |  stacks[(e-1) % 3]  victims
 *   | cache  | depot,      | one per |       | overdue       |  stacks[(e-2) % 3]  being dropped
 *   |        | slabs, ...  | thread  |       | empties       |  overdue            left over
 *   +--------+-------------+---------+       +---------------+
 *      ^ line 0                ^ line of a thread
 *
 *   slab_set -> slab -> slab -> ...          a slab: header apart from the memory it describes
 *               | header, touched, taken |   base -> [obj obj obj ...   open | reserved]
 *
 * Equations (exact when no other thread is in the pond):
 *   objects     == live + idle
 *   idle        == sum over caches (top - loaded's slots + previous_count) + sum over stacks (objects)
 *                  + shared->count + dropping->count
 *   constructed == objects + sum of dropped; both with what threads have of runs, see run.c
 *   gets        == puts + live
 */
#ifndef POND_TYPES_H
#define POND_TYPES_H

#include "port.h"
#include <ck_spinlock.h>
#include <ck_stack.h>
#include <pthread.h>
#include <stddef.h>

/* The depot's stacks are lock-free where there is a double-width compare-and-swap. */
#if (!defined(CK_F_STACK_POP_MPMC) || defined(POND_TSAN)) && !defined(POND_DEPOT_LOCK)
#define POND_DEPOT_LOCK 1
#endif

/* ---- slab ---- */

#define SLAB_UNIT ((size_t)64 << 10) /* the first slab of a set; all begin at a multiple of it */
#define SLAB_BYTES ((size_t)4 << 20) /* each next one has four times as much, up to this */
#define SLAB_LARGE ((size_t)1 << 20) /* an object that takes more than this has a slab for itself */

/* True: somebody holds the lock. An assertion means its own thread by that, which C has no words for. */
static inline bool mutex_is_held(const pthread_mutex_t *lock)
{
    return pthread_mutex_trylock((pthread_mutex_t *)(uintptr_t)lock) != 0;
}

/* A region of objects of one size. Guarded by the lock of whoever owns the set. */
struct slab {
    struct slab_set *set;      /* it belongs to */
    void *annex;               /* slab_annex; NULL: none was asked for */
    size_t annex_bytes;        /* of the whole annex. Relaxed: all who store it store the same */
    struct slab *next, *prior; /* of the set, oldest first */
    struct slab *dirty_next;   /* of the set's dirty list */
    char *base;                /* aligned to SLAB_UNIT */
    size_t bytes;              /* reserved from base on */
    size_t open;               /* usable ones of them; the others cannot be touched */
    size_t header_bytes;       /* of this header, bitmaps included */
    uint64_t order;            /* the set's how-manieth slab this is */
    uint32_t room;             /* objects that fit into bytes */
    uint32_t used;             /* objects taken */
    uint32_t hint;             /* no word of taken[] before this one has a free bit */
    uint32_t fresh;            /* objects from here on were never taken: their memory is zero */
    uint32_t purge_page;       /* where the purge of this slab goes on */
    uint32_t words;            /* of taken[] */
    bool dirty;                /* on the dirty list: something was given back since the last purge */
    uint64_t *touched;         /* behind taken[]; a bit per page: it may be resident */
    uint64_t taken[];          /* a bit per object; those past the last object are set. Relaxed: read without
                                  the lock for an address that is live, or for an answer that may be old */
};

struct slab_set {
    struct pond *owner; /* whose objects they are; NULL: magazines */
    size_t stride;      /* bytes from one object to the next */
    bool keep_mapped;   /* never unmap: someone may still read a given-back object */
    struct slab *first, *last;
    struct slab *hint; /* no slab before this one has a free object */
    struct slab *dirty;
    uint64_t made;     /* slabs ever mapped */
    uint64_t slabs;    /* slabs now */
    uint64_t bytes;    /* that they reserve */
    uint64_t resident; /* pages of them that may be resident: the sum of touched */
};

/* ---- magazine ---- */

/* The unit in which idle objects move between threads. Its memory stays mapped for ever. */
struct magazine {
    ck_stack_entry_t link;
    uint64_t epoch; /* no object was put into it after this epoch of the pond */
    uint32_t count; /* objects; while it is loaded, the cache has the count */
    uint16_t room;  /* most objects. Relaxed: whoever reads another's looks again whether it is loaded */
    bool counted;   /* the bytes of its objects, as the footprint hook says them, are in idle_bytes */
    void *slots[];
};

#define MAGAZINE_CLASSES 6 /* of 128, 256, ... 4096 bytes */

/* ---- depot ---- */

/* A lock-free stack of magazines on a line of its own. */
struct depot_stack {
    ck_stack_t stack __attribute__((aligned(64)));
    uint64_t objects; /* sum of the magazines' counts; raised before a push, lowered after a pop. Relaxed:
                         whoever sees none, and was not told of a push, need not find it */
#ifdef POND_DEPOT_LOCK
    ck_spinlock_t lock;
#endif
};

struct depot {
    struct depot_stack stacks[3]; /* magazines whose epoch % 3 this is */
    struct depot_stack overdue;   /* those that a tick should have dropped, and did not for a limit */
    struct depot_stack aged;      /* beyond max_age: no get looks here */
    struct depot_stack empties;
    uint64_t max_age; /* 0: no bound. Written under the pond's lock, lines closed. Relaxed: one word */
};

/* ---- cache ---- */

/*
 * The slow path's view of a pond_cache. What the fast path does not read is written by the owner while its
 * gate is busy, or by whoever closed its gate and its line.
 */
struct cache {
    void **top; /* means something while a magazine is loaded; odd: the owner is inside */
    void **base,
        **limit;   /* while the line is open: the loaded magazine's slots; end, or NULL: hooks come first */
    uint64_t gets; /* served by this cache. Relaxed: a figure of the owner's, which statistics read */
    struct magazine *loaded;   /* may be NULL */
    struct magazine *previous; /* may be NULL */
    uint16_t previous_count;   /* of *previous. Relaxed: as gets */
    uint16_t exchanges;        /* with the depot, since the last drain; it stops at the most */
    uint16_t room;     /* while the line is open: the loaded magazine's, for puts whose hooks have run */
    uint16_t run_left; /* objects that the thread may yet make of its run, see run.c; + RUN_HANDED. Relaxed:
                          others read it for counts; the run itself changes hands by gate and lock */
    char *run_end;     /* where its run ends */
} __attribute__((aligned(64)));

#define LINE_CLOSED ((void **)UINTPTR_MAX) /* base, with limit NULL. base NULL: its owner is not admitted */
/* room, closed by its owner: the loaded magazine has its count, see gate.c */
#define LINE_COUNTED UINT16_MAX
/* in run_left: the thread has taken its run, and is not in its cache with it yet */
#define RUN_HANDED 0x8000u

_Static_assert(sizeof(pond_cache) == 64, "one line");
_Static_assert(sizeof(struct cache) == sizeof(pond_cache), "the same line");
_Static_assert(offsetof(struct cache, loaded) == offsetof(pond_cache, slow_path), "the same front");

/* ---- gate ---- */

#define GATE_THREADS 4096 /* most threads with caches at a time; further ones share the depot */
#define GATE_WORDS (GATE_THREADS / 64)
#define GATE_LINES_FIRST 64 /* of each pond that are memory from the start; more when more threads come */

/* ---- sampling ---- */

/* What a thread has of a sampled pond, beside its cache. Written by the owner alone. */
struct sampling_line {
    /* Relaxed: due and undone are the owner's own; a hook that went on on another thread adds to them. */
    uint64_t due;    /* the get that is to be sampled, by the number that the cache's `gets` has before it */
    double weight;   /* how many gets it stands for */
    uint64_t random; /* state of the generator */
    uint32_t change; /* of the sampling that `due` was drawn for; another one: not drawn yet */
    uint32_t undone; /* gets of the cache that are none of the program's: chaos passes objects over */
};

/* While a pond's gets are sampled. Its memory stays until the pond ends. */
struct sampling {
    /* Relaxed: density, seed and loose are stored before `change`, which is stored with release. */
    double density; /* bytes of an object, by mean bytes between samples */
    uint64_t seed;
    uint64_t loose;               /* state of the generator of threads without a cache */
    uint32_t change;              /* counts settings */
    struct sampling_line lines[]; /* of each cache; a struct history lies behind them */
};

/* What the pond was in one interval of time. */
struct history_part {
    uint64_t live, live_bytes; /* least live of all its ticks, and their bytes */
    uint64_t idle_bytes;       /* at its last tick */
    uint64_t gets, misses;     /* that were counted in it */
    bool ticked;               /* else live, live_bytes and idle_bytes are those of the one before */
};

#define HISTORY_PARTS 128

/* What a sampled pond was, interval by interval; see profile/history.c. Guarded by the pond's lock. */
struct history {
    uint64_t start;        /* of the first part, as os_milliseconds */
    uint64_t interval;     /* milliseconds of each */
    uint64_t gets, misses; /* the pond's, as they were counted last */
    size_t count;          /* of parts, the oldest first; the last one is under way */
    struct history_part parts[HISTORY_PARTS];
};

/* ---- pond ---- */

/* A pond's counts when its last line of the trace was begun: the next line has what came since. */
struct trace_mark {
    uint64_t gets, misses, made, dropped, expired;
};

/* Two lists have all ponds in them. */
enum pond_order {
    BY_TURN, /* the newest first: a walk meets none that is made meanwhile */
    BY_AGE,  /* the oldest first */
    POND_ORDERS
};

struct pond_links {
    struct pond *next, *prior; /* NULL: none */
};

struct pond {
    struct cache closed; /* line 0: it never opens; but for the marks in its top, nothing is written to it */

    /* constant after create, but for the limits among the options: bounds.c */
    pond_options options; /* name is our own copy, size and align are filled in */
    size_t object_bytes;  /* stride; 0 with create */
    size_t front_bytes;   /* bytes of the stride in front of the object */
    bool put_is_slow;     /* hooks or wiping: puts go to the slow path */
    bool reset_alone;     /* of these there is a reset hook and nothing else */
    char name[48];

    /* changed under the lock, with limits. Relaxed: the pond is closed then, and what is read outside of a
       gate only says which way to try first */
    size_t max_idle_objects; /* max_idle_bytes in objects, kept by the room of magazines; 0: no bound */
    uint32_t room_first, room_most; /* bounds of magazine_room */
    bool counts_idle_exactly; /* every get and put goes through the lock, so that idle bytes are exact */

    /* changed under the registry's lock, when it comes on the board and when it leaves it */
    uint32_t index;   /* its place, which another may have when it is gone */
    uint64_t *active; /* a word of the board: with active_bit in it, ticks come to this pond */
    uint64_t active_bit;

    /* changed under the registry's lock, with the gates */
    const struct watch *watch; /* whoever is to be asked instead of the usual ways; NULL: nobody */
    void *watcher;             /* the watcher's own */
    int64_t watch_step;        /* of watch_countdown, for each get that nobody is asked about. Relaxed: a
                                  get by the old step is watched earlier or later, no more */
    bool shut;                 /* no line opens: every operation takes the slow path */
    struct sampling *sampling; /* NULL: its gets are not sampled */
    struct sampling *put_way;  /* of a put that the fast path does not serve: see put_way_set */
    struct sampling *sampling_memory; /* of the last time they were; may be NULL */

    uint32_t taken;        /* not 0: it is closed, nobody new comes into its caches. See gate.c */
    uint32_t lines;        /* caches that may have been used, from the first. Relaxed: it only grows */
    uint32_t usable_lines; /* that are memory; behind them it is reserved */
    struct pond *together; /* the next of those that are closed together */
    uint64_t ahead;        /* of the ticks of all: its rotations less the ticks before it was there.
                              Relaxed: one word, which is right by itself */
    uint64_t turned;       /* registry_epoch at its last turn. Written under the lock, too */

    /* Relaxed: starved, waiting and over choose the way; they are asked inside of the gate, where whoever
       changes them waits for this thread. An operation reads epoch once, and either value does (cache.c,
       invariant 4). All others are figures, of which none says anything of another. */
    uint32_t magazine_room __attribute__((aligned(64))); /* of new magazines; adapted */
    uint32_t starved;    /* at max_objects: puts that go the shared way yet; written under the lock */
    uint32_t waiting;    /* in waiters. As starved */
    bool over;           /* more objects than max_objects: no way but the shared one. As starved */
    bool runs;           /* threads have some of them, or may: else no look at the lines. Under the lock */
    uint64_t epoch;      /* counts the turns. Written under the lock, with the pond closed */
    uint64_t charged;    /* room of all magazines */
    uint64_t idle_bytes; /* of what is counted: with counts_idle_exactly and a footprint hook */
    uint64_t footprint_mean; /* of the objects put lately */
    uint64_t misses;         /* gets that made an object */
    uint64_t constructed;
    uint64_t dropped[POND_DROP_REASONS];
    uint64_t ending; /* destroy hooks under way, and those that were left */
    uint64_t failed[POND_FAIL_REASONS];

    struct depot depot;

    pthread_mutex_t lock __attribute__((aligned(64))); /* guards what follows */
    struct slab_set slabs;
    struct magazine *shared;      /* puts of threads whose gate is closed; may be NULL. Relaxed: without the
                                     lock it is asked only whether there is one, and again under it */
    struct magazine *dropping;    /* what is left of the magazine being dropped; may be NULL. Relaxed: so */
    uint64_t objects, high_water; /* objects: with what threads have of runs */
    uint64_t gets;                /* those not counted in a cache, but for the misses */
    struct trace_mark traced;
    struct {
        struct waiter *first, *last;
        uint32_t promised; /* room for so many objects is kept for some that were among them */
    } waiters;             /* wait.c */
    uint64_t waits;        /* gets that ever were in it. Relaxed: a figure */

    /* guarded by the registry's lock */
    struct pond_links links[POND_ORDERS];
    uint64_t number;   /* the process's how-manieth pond this is, from 1 */
    uint64_t fine_end; /* as os_milliseconds: until then its gets are sampled finer; 0: they are not */
    size_t fine_rate;
    uint32_t pins; /* ticks and trims at work on this pond outside the lock */
    bool waited;   /* since the last tick a get has given up a thread that was stopped in its cache */

    /* A bit for each cache; see gate.c. `used` is set by its owner and cleared by whoever emptied it. */
    uint64_t used[GATE_WORDS] __attribute__((aligned(64)));
    uint64_t missed[GATE_WORDS]; /* written under the registry's lock: its owner was found inside */

    struct cache caches[] __attribute__((aligned(64))); /* GATE_THREADS */
};

/*
 * Who watches the pond; NULL: nobody. Pairs with the release stores of p->watch in check/words.c and life.c:
 * whoever finds a watcher also finds what it set up before it began to watch.
 */
static inline const struct watch *watch_of(const struct pond *p)
{
    return __atomic_load_n(&p->watch, __ATOMIC_ACQUIRE);
}

/* How the pond is sampled; NULL: it is not. Pairs with begin_with in sampling.c: whoever finds a sampling
 * also finds it set up. */
static inline struct sampling *sampling_of(const struct pond *p)
{
    return __atomic_load_n(&p->sampling, __ATOMIC_ACQUIRE);
}

/* What put_way is where a put runs the reset hook and does nothing else. */
#define PUT_RESETS ((struct sampling *)1)

/*
 * put_way is PUT_RESETS, the pond's sampling where its puts have no hook to run, or NULL, and then a put
 * looks at each by itself. When the pond's watch, its sampling or its hooks change, with the gates closed or
 * before anybody knows it, put_way_clear comes first and put_way_set last. So whoever sees the new watch or
 * sampling never finds the old way, and what was got watched or sampled is not put as if it were not.
 */
static inline void put_way_clear(struct pond *p)
{
    /* Pairs with the acquire in watch_of and sampling_of, of which the new ones are stored after this. */
    __atomic_store_n(&p->put_way, NULL, __ATOMIC_RELEASE);
}

static inline void put_way_set(struct pond *p)
{
    struct sampling *way = NULL;
    if (!p->put_is_slow)
        way = sampling_of(p);
    else if (p->reset_alone && sampling_of(p) == NULL && watch_of(p) == NULL)
        way = PUT_RESETS;
    /* Pairs with the acquire in put_at_line, which uses the sampling that it finds. */
    __atomic_store_n(&p->put_way, way, __ATOMIC_RELEASE);
}

/*
 * The room for puts that the loaded magazine has at the pond's epoch; 0: it takes none. A magazine from
 * before this epoch is get-only: an object put into it would go at the age of its neighbours, and its
 * neighbours must not stay at the age of the object.
 */
static inline uint16_t cache_room(const struct cache *c, uint64_t epoch)
{
    const struct magazine *m = c->loaded;
    return m != NULL && m->epoch == epoch ? (uint16_t)m->room : 0;
}

/* Where that room ends; NULL: there is none. */
static inline void **cache_end(const struct cache *c, uint64_t epoch)
{
    uint16_t room = cache_room(c, epoch);
    return room > 0 ? c->loaded->slots + room : NULL;
}

#endif
