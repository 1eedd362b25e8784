/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread's line in a pond beyond the fast path: marking, closing, and what is read of it. The steps (1),
 * (2), (A), (B) and (C) that are named here are those of the protocol in gate.h.
 */
#ifndef POND_LINE_H
#define POND_LINE_H

#include "types.h"

/* ---- for the owner ---- */

/*
 * Takes the mark off this thread's line, which the fast path left to the slow path. False: the line was
 * marked before, by what a signal's handler has interrupted; it is left as that made it. The first line
 * belongs to nobody, and its mark says nothing. Relaxed: the owner alone writes top.
 */
static inline bool line_unmark(struct pond *p)
{
    pond_cache *line = pond_line(p);
    uintptr_t top = LOAD(line->top);
    bool alone = (top & 1) != 0 || pond_line_self == 0;
    pond_line_leave(line, alone ? top & ~(uintptr_t)1 : top - 1);
    return alone;
}

/*
 * Whether a put has room in the line that this thread has marked; the magazine stays while the line is
 * open. Pairs with line_close: this is step (2) against its (A), so no put goes into a magazine that was
 * taken out.
 */
static inline bool line_has_room(const struct cache *c, uintptr_t top)
{
    uint16_t room = POND_BOUND_(c->room);
    return room != 0 && room != LINE_COUNTED && top < (uintptr_t)(c->loaded->slots + room);
}

/*
 * The line's top, which most probably is the guess: then it is the guess that goes on, and nothing waits
 * for the load. A store that is loaded again takes four or five cycles on its way. Relaxed: the owner alone
 * writes it.
 */
static inline uintptr_t line_top(const pond_cache *line, uintptr_t guess)
{
    uintptr_t top = LOAD(line->top), hidden = guess;
    __asm__("" : "+r"(hidden)); /* else the compiler knows that it is the load */
    if (__builtin_expect(top != guess, 0))
        return top;
    __asm__ __volatile__("" : "+r"(hidden)); /* else it chooses without a branch, and waits for both */
    return hidden;
}

/*
 * The fast path of a put whose hooks have run. False: the line is closed or full. guess: what its top may
 * be. The mark, step (1), pairs with line_is_marked, step (C): a closer does not take the magazine that
 * this puts into.
 */
static inline bool line_put(struct pond *p, void *obj, uintptr_t guess)
{
    pond_cache *line = pond_line(p);
    uintptr_t top = line_top(line, guess);
    POND_MARK_(line->top, top + 1);
    bool room = line_has_room((struct cache *)(void *)line, top);
    if (__builtin_expect(!room, 0)) {
        pond_line_leave(line, top & ~(uintptr_t)1);
        return false;
    }
    *(void **)top = obj; /* NOLINT(performance-no-int-to-ptr) */
    pond_line_leave(line, top + sizeof(void *));
    return true;
}

/* Takes a mark off in a forked child. Relaxed: its owner is not there, and no other thread is. */
static inline void line_unmark_of_dead(struct cache *c)
{
    uintptr_t top = (uintptr_t)LOAD(c->top);
    if ((top & 1) != 0)
        STORE(c->top, (void **)(top - 1)); /* NOLINT(performance-no-int-to-ptr) */
}

/* This thread has marked its line: the fast path was interrupted there. Relaxed: the thread's own store. */
static inline bool line_is_marked_by_me(struct pond *p)
{
    return pond_line_self != 0 && (LOAD(pond_line(p)->top) & 1) != 0;
}

/*
 * Whether the owner left the line closed with a magazine loaded. Then the magazine's own count is right,
 * and not top: a signal's handler may have got and put between the fast path's look at top and its mark,
 * and top is then what it was before. Relaxed: a closer has seen that the owner is outside (HAND OVER).
 */
static inline bool line_is_counted(const struct cache *c)
{
    return LOAD(c->room) == LINE_COUNTED;
}

/* ---- for closers ---- */

/*
 * Closes the line: step (A). Its owner may do it at any time, while it is busy. A closer does it of a pond
 * that it has taken, or after it has taken the cache's magazines out. Pairs with line_has_room and the fast
 * path's look at base and limit, step (2): after the barrier they are served nothing, or the closer sees
 * the mark. The base is the last, for line_is_closed asks for it alone.
 */
static inline void line_close(struct cache *c)
{
    __atomic_store_n(&c->room, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->limit, NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->base, LINE_CLOSED, __ATOMIC_SEQ_CST);
}

/*
 * Pairs with line_open in gate.c (OPEN): whoever opens a line after this look finds the pond taken, and
 * closes it.
 */
static inline bool line_is_closed(const struct cache *c)
{
    void **base = __atomic_load_n(&c->base, __ATOMIC_SEQ_CST);
    return base == LINE_CLOSED || base == NULL;
}

/*
 * Whether the owner is inside by the fast path: step (C). Pairs with pond_line_enter, step (1): not both
 * does this read an even top and the owner an open line; and with pond_line_leave (HAND OVER).
 */
static inline bool line_is_marked(const struct cache *c)
{
    return ((uintptr_t)__atomic_load_n(&c->top, __ATOMIC_SEQ_CST) & 1) != 0;
}

#endif
