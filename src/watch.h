/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a pond asks of whoever watches it (src/check). Each operation of a watched pond comes here instead of
 * taking its usual way; the watcher then uses the front door's functions of pool.h. The core knows no more of
 * it. No lock is held over any of these calls, unless it is said.
 */
#ifndef POND_WATCH_H
#define POND_WATCH_H

#include "port.h"

/* In what a get differs from pond_get. */
struct get_how {
    const char *function; /* the name of the public function */
    bool idle_only;       /* nothing is made */
    int64_t timeout;      /* else: it waits for so many nanoseconds at max_objects; -1: for ever */
};

static inline const char *get_function(const struct get_how *how)
{
    return how != NULL ? how->function : "pond_get";
}

struct watch {
    /*
     * Not 0: this watcher need not be asked about each get and put. A thread whose watch_countdown_id is the
     * same number takes the pond's watch_step off its watch_countdown for each get, and asks when that falls
     * below 0; of puts it asks about those that lie in guard_region. Another number: it asks, and is given
     * the number.
     */
    uint32_t countdown_id;

    /* caller: the return address of the public function; how NULL: as pond_get */
    void *(*get)(pond *p, const void *caller, const struct get_how *how);
    void (*put)(pond *p, void *obj, const void *caller);
    void (*discard)(pond *p, void *obj, const void *caller);

    void (*adopt)(pond *p, void *obj, const void *caller); /* it was got while nobody watched yet */

    void (*making)(pond *p, void *obj); /* its construct hook is about to run; obj NULL: the create hook is */
    void (*tried)(pond *p, void *obj);  /* that hook has returned */
    void (*made)(pond *p, void *obj);   /* it is made, and in nobody's hands yet */
    void (*drop)(pond *p, void *obj);   /* it is about to end: before its destroy hook */
    bool (*ended)(pond *p, void *obj); /* after that hook, or after construct failed. True: its memory was the
                                          watcher's, which has it back */

    void (*before_look)(pond *p, void *obj); /* the footprint hook is about to look at an idle object */
    void (*after_look)(pond *p, void *obj);  /* that hook has returned */

    void (*ticked)(pond *p, const void *caller); /* the pond's epoch was counted on; it is pinned */
    void (*busy)(pond *p);                       /* pond_destroy found live objects */
};

/* Bytes that the watcher wants in front of and behind each object of a pond that is being created. */
struct watch_room {
    size_t front_bytes, tail;
};

/* ---- what the core calls by name, whether a pond is watched or not ---- */

/* Before a pond is made: reads the words, and says what room the watcher wants in it. */
void watch_begin(void);
struct watch_room watch_layout(const pond_options *options);

/* The pond is made and not in any list yet: it may be watched from the start. False: no memory. Under the
 * registry's lock. */
bool watch_created(pond *p);

/* The pond is empty and about to be freed, whoever watched it once. */
void watch_gone(pond *p);

/* True: this tick is to be left out, by the word chaos. */
bool watch_tick_is_late(void);

/* True: a word is on for the pond (NULL: for all), and this call is made in a hook, not by a report's
 * handler. The second reports such a call; p may be NULL: it is about all ponds. */
bool watch_in_hook(const pond *p);
void watch_bad_hook(const pond *p, const char *function, const void *caller);

/* Reports a call in the handler of a signal that interrupted the library; and one of a pond that is gone. */
void watch_in_signal(const pond *p, const char *function, const void *caller);
void watch_bad_pond(const pond *p, const char *function, const void *caller);

/* Memory of the library's own that may hold pointers to what users allocated is mapped; is about to be
 * unmapped, the same memory as a whole; was made zero, in a way that compilers and tools do not see. */
void watch_mapped(const void *memory, size_t bytes);
void watch_unmapped(const void *memory, size_t bytes);
void watch_zeroed(const void *memory, size_t bytes);

/* Runs the work on a stack of the watcher's own, unless another thread is there: then here. */
void watch_aside(void (*work)(void *argument), void *argument);

/* This thread ends, which registry_hear_exit agreed to tell of. No lock is held. */
void watch_thread_ends(void);

/* Before and after a fork, under all other locks; the third after the first, where nothing was forked. */
void watch_fork_prepare(void);
void watch_fork_done(bool child);
void watch_thaw(void);

/* The process ends, or this copy of the library is unloaded. */
void watch_exit(void);

/*
 * Sampling of gets, by src/profile, goes on whether a pond is watched or not: the front door says which gets
 * were sampled (sampling.h), and which objects end. Neither of the first two is called under a lock.
 */
void sample_got(pond *p, void *obj, double weight, const void *caller);
void sample_ended(const void *obj); /* it is being put, or discarded; it may be no sampled one */
void sample_begin(void);            /* before a pond is made */
void sample_created(pond *p);       /* under the registry's lock; not linked yet */
void sample_gone(pond *p);          /* it is empty and about to be freed */
void sample_turned(pond *p);        /* its epoch was counted on: under its lock, closed */
void sample_ticked(void);           /* an epoch was counted on, of one pond or all */
void sample_fork_prepare(void);     /* under all other locks */
void sample_fork_done(bool child);
void sample_forked(pond *p); /* in the child, of each pond, gates closed */
void sample_exit(void);      /* before watch_exit */

/* A library of pond's, from beside libpond.so or where the loader looks; NULL: it is not to be had. */
void *watch_library(const char *file);

/* Words that were not understood or not put into effect, for watch_bad_words. It reports why, and what is on
 * nevertheless. */
struct watch_words {
    const char *function, *variable; /* one of the two brought them */
    const char *text;
    const char *advice, *table;
};
void watch_bad_words(const struct watch_words *words, bool from_call, const char *why, const char *outcome);

/* Whose sampling this thread's watch_countdown is for, and how far its gets may go before that watcher is
 * asked again. Both are set by it. */
extern __thread uint32_t watch_countdown_id POND_TLS_; /* starts with 1, which no countdown_id is */
extern __thread int64_t watch_countdown POND_TLS_;

/* Where a watcher's own memory for objects begins, and how many bytes of it there are. */
extern uintptr_t guard_region;
#define WATCH_REGION ((size_t)84 << 20)

/* The pond of the guarded object that this address lies in; NULL: there is none. Takes the checks' lock. */
struct pond *watch_owner_at(const void *address);

/*
 * The trace (src/profile/trace.c): a line for each tick and pond. A tick that is traced has an account of its
 * own, in which the figures of its ponds are kept until their lines are written, with no lock held.
 */
struct trace_tick;
extern bool trace_is_on; /* Relaxed: a tick that begins with the old answer is traced or not as before */
struct trace_tick *trace_begin(struct pond *first, bool alone); /* NULL: no memory */
void trace_turning(struct trace_tick *t, struct pond *p);
void trace_turned(struct trace_tick *t, const struct pond *p);
void trace_closing(struct trace_tick *t);
void trace_opened(struct trace_tick *t);
void trace_write(struct trace_tick *t);

/*
 * Begins a tick of this pond alone, or of it and those behind it in the list, under the registry's lock.
 * NULL: the tick is not traced.
 */
static inline struct trace_tick *watch_tick(struct pond *first, bool alone)
{
    return __builtin_expect(LOAD(trace_is_on), 0) ? trace_begin(first, alone) : NULL;
}

/* The pond's turn begins, and is over: under its lock, with it closed. In the order of the list. */
static inline void watch_turning(struct trace_tick *t, struct pond *p)
{
    if (t != NULL)
        trace_turning(t, p);
}

static inline void watch_turned(struct trace_tick *t, const struct pond *p)
{
    if (t != NULL)
        trace_turned(t, p);
}

/* Ponds are about to be closed; and the one that was turned last is open again. */
static inline void watch_closing(struct trace_tick *t)
{
    if (t != NULL)
        trace_closing(t);
}

static inline void watch_opened(struct trace_tick *t)
{
    if (t != NULL)
        trace_opened(t);
}

/* The tick's work is done; no lock is held. Calls the program. The account is gone afterwards. */
static inline void watch_tick_done(struct trace_tick *t)
{
    if (t != NULL)
        trace_write(t);
}

void trace_clock_starts(void); /* the first pond is made */
void trace_freeze(void);       /* for a fork, under all other locks */
void trace_thaw(void);

/* The watcher of a pond that was destroyed: it reports every operation. */
extern const struct watch watch_destroyed;

#endif
