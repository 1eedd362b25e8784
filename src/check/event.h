/* SPDX-License-Identifier: BSD-2-Clause */
/* Events: which thread did something to an object, when, and from where (event.c). */
#ifndef POND_CHECK_EVENT_H
#define POND_CHECK_EVENT_H

#include "check.h"
#include "stack.h"

/* What happened to an object at some time. */
struct event {
    uint64_t stack;  /* a number of stack.c, or with EVENT_CALLER a return address alone */
    uint32_t thread; /* 0: it did not happen */
    uint32_t epoch;
};

#define EVENT_CALLER ((uint64_t)1 << 63) /* no user's address has this bit */

extern __thread uint32_t event_self POND_TLS_;

/* Gives this thread a number, and returns it. */
uint32_t event_number(void);

/* This thread's number, from 1 on in the order of first uses. */
static inline uint32_t event_thread(void)
{
    uint32_t thread = event_self;
    return __builtin_expect(thread != 0, 1) ? thread : event_number();
}

/* How many frames are kept of what happens to the pond's objects; NULL: of what concerns no pond. */
static inline uint64_t event_depth(const struct pond *p)
{
    const struct check *c = p != NULL ? check_of(p) : NULL;
    const struct check_settings *s = c != NULL ? &c->on : &check_settings;
    return LOAD(s->stacks);
}

/* The stack from `caller` on, as an event keeps it. */
static inline uint64_t event_stack(const struct pond *p, const void *caller)
{
    uint64_t depth = event_depth(p);
    return depth == 1 ? (uint64_t)(uintptr_t)caller | EVENT_CALLER : stack_capture(caller, depth);
}

/* What this thread does now, called from `caller`; NULL: without a stack. */
static inline struct event event_here(const struct pond *p, const void *caller)
{
    struct event e = {.thread = event_thread(), .epoch = p != NULL ? (uint32_t)registry_epoch(p) : 0};
    e.stack = caller != NULL ? event_stack(p, caller) : 0;
    return e;
}

/* Returns the frames of an event's stack, *count of them; *one is room for a single one. */
const void *const *event_frames(const struct event *e, const void **one, size_t *count);

/* How many forks this process knows of: its own, and before them those that its parents made before it. */
uint16_t event_forks(void);

/* A fork has happened: in the parent as in the child one more is known of. */
void event_forked(void);

/* The process's number, for which the system is asked once. */
int event_process(void);

#endif
