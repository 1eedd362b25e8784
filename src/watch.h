/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a pond asks of whoever watches it (src/check). A watched pond's every operation comes here instead
 * of taking its usual way, through the front door's functions of pool.h. The core knows no more of it.
 * No lock is held over any of these calls, but where it is said.
 */
#ifndef POND_WATCH_H
#define POND_WATCH_H

#include "port.h"

/* How a get goes about it, other than pond_get does. */
struct get_how {
    const char *function; /* the public one */
    bool idle_only;       /* nothing is made */
    int64_t timeout;      /* else: waits for so many nanoseconds at max_objects; -1: for ever */
};

static inline const char *get_function(const struct get_how *how)
{
    return how != NULL ? how->function : "pond_get";
}

struct watch {
    uint32_t samples; /* while it is the thread's watch_sampled: ask only once its gets, of which each takes
                         the pond's watch_step, have brought watch_left below 0, and for what lies in
                         guard_region. 0: ask always */

    /* caller: the return address of the public function; how: NULL: as pond_get */
    void *(*get)(pond *p, const void *caller, const struct get_how *how);
    void (*put)(pond *p, void *obj, const void *caller);
    void (*discard)(pond *p, void *obj, const void *caller);

    void (*adopt)(pond *p, void *obj, const void *caller); /* it was got while nobody watched yet */

    void (*making)(pond *p, void *obj); /* its construct hook is about to run; NULL: create is */
    void (*tried)(pond *p, void *obj);  /* that hook has returned */
    void (*made)(pond *p, void *obj);   /* its construct hook is done; it is in nobody's hands yet */
    void (*drop)(pond *p, void *obj);   /* it is about to end: before its destroy hook */
    bool (*ended)(pond *p,
                  void *obj); /* after it, or after construct failed; true: its memory was the watcher's */

    void (*open)(pond *p, void *obj);  /* the footprint hook is to look at an idle object */
    void (*close)(pond *p, void *obj); /* it has */

    void (*ticked)(pond *p, const void *caller); /* its epoch was counted on; it is pinned */
    void (*busy)(pond *p);                       /* pond_destroy found live objects */
};

/* Bytes that the watcher wants in front of and behind each object of a pond that is being created. */
struct watch_room {
    size_t lead, tail;
};

/*
 * What the core calls of the watcher by name: before a pond is made, for its layout; to have it watched from
 * the start (under the registry's lock, which the second takes); and on ponds that are gone.
 */
void watch_begin(void);
struct watch_room watch_layout(const pond_options *options);
bool watch_created(pond *p); /* false: no memory. Not linked yet */
void watch_gone(pond *p);    /* it is empty and about to be freed, whoever watched it once */
bool watch_tick_is_late(void);
/* True: a word is on for the pond (NULL: for all), and this call is made in a hook, not by a report's
 * handler. */
bool watch_in_hook(const pond *p);
/* Reports such a call. p may be NULL: of all ponds. */
void watch_bad_hook(const pond *p, const char *function, const void *caller);
/* Reports a call in the handler of a signal that interrupted the library. */
void watch_in_signal(const pond *p, const char *function, const void *caller);
void watch_bad_pond(const pond *p, const char *function, const void *caller);
/* Memory of the library's own that may hold pointers to what users allocated, for as long as it is mapped. */
void watch_mapped(const void *memory, size_t bytes);
void watch_unmapped(const void *memory, size_t bytes); /* before it is: the same memory, whole */
void watch_zeroed(const void *memory, size_t bytes);   /* in a way that compilers and tools do not see */
/* Runs it on a stack of the watcher's own, unless another thread is there: then here. */
void watch_aside(void (*work)(void *argument), void *argument);
void watch_thread_ends(void);  /* this one, which registry_hear_exit agreed to tell of; no lock is held */
void watch_fork_prepare(void); /* under all other locks */
void watch_fork_done(bool child);
void watch_thaw(void); /* after watch_fork_prepare, where nothing was forked */
void watch_exit(void); /* the process ends, or this copy of the library is unloaded */

/*
 * Sampling of gets, src/profile's, goes on whether a pond is watched or not: the front door says which gets
 * were sampled (sampling.h), and what ends of them. None of the first two is called under a lock.
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

/* Reports that words were not understood, or not put into effect: why, and what is on nevertheless. */
struct watch_words {
    const char *function, *variable; /* that brought them, one of the two */
    const char *text;
    const char *advice, *table;
};
void watch_bad_words(const struct watch_words *words, bool from_call, const char *why, const char *outcome);

/* How far this thread's gets may go before a watcher that samples is asked again. Set by it. */
extern __thread uint32_t watch_sampled POND_TLS_; /* starts with 1, which no samples is */
extern __thread int64_t watch_left POND_TLS_;

/* Where a watcher's own memory for objects lies. */
extern uintptr_t guard_region;

/* Whose guarded object this address lies in; NULL: nobody's. Takes the checks' lock. */
struct pond *watch_owner_at(const void *address);
#define WATCH_REGION ((size_t)84 << 20)

/*
 * The trace (src/profile/trace.c): a line for each tick and pond. A tick that is traced has an account of its
 * own, in which the figures of its ponds are kept until their lines are written, with no lock held.
 */
struct trace_tick;
extern bool trace_is_on;
struct trace_tick *trace_begin(struct pond *first, bool alone); /* NULL: no memory */
void trace_turning(struct trace_tick *t, struct pond *p);
void trace_turned(struct trace_tick *t, const struct pond *p);
void trace_closing(struct trace_tick *t);
void trace_opened(struct trace_tick *t);
void trace_write(struct trace_tick *t);

/*
 * Before this pond is turned, or it and those linked behind it, under the registry's lock. NULL: the tick is
 * not traced.
 */
static inline struct trace_tick *watch_tick(struct pond *first, bool alone)
{
    return __builtin_expect(LOAD(trace_is_on), 0) ? trace_begin(first, alone) : NULL;
}

/* The pond's turn begins and is over: under its lock, closed. In the order of their list. */
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

/* A pond that was destroyed: every operation is reported. */
extern const struct watch watch_destroyed;

#endif
