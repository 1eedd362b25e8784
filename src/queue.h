/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists that are linked both ways, with a first and a last: as TAILQ of <sys/queue.h>, which musl does not
 * have. `next` and `prior` are the members by which the elements are linked, such as `links[order].next`.
 *
 * Invariants
 *   1. The first has no `prior` and the last no `next`; an empty list has neither first nor last.
 *   2. Of neighbours each names the other.
 */
#ifndef POND_QUEUE_H
#define POND_QUEUE_H

#include "port.h"

/* Puts an element that is in no list behind the last. */
#define QUEUE_APPEND(first, last, element, next, prior)                                                      \
    do {                                                                                                     \
        POND_ASSERT(((first) == NULL) == ((last) == NULL) && (last) != (element));                           \
        (element)->next = NULL;                                                                              \
        (element)->prior = (last);                                                                           \
        if ((last) != NULL)                                                                                  \
            (last)->next = (element);                                                                        \
        else                                                                                                 \
            (first) = (element);                                                                             \
        (last) = (element);                                                                                  \
    } while (0)

/* Puts an element that is in no list before the first. */
#define QUEUE_PREPEND(first, last, element, next, prior) QUEUE_APPEND(last, first, element, prior, next)

/* Takes an element out of its list. What it leads to itself stays as it was. */
#define QUEUE_REMOVE(first, last, element, next, prior)                                                      \
    do {                                                                                                     \
        POND_ASSERT((element)->prior != NULL ? (element)->prior->next == (element) : (first) == (element));  \
        POND_ASSERT((element)->next != NULL ? (element)->next->prior == (element) : (last) == (element));    \
        if ((element)->prior != NULL)                                                                        \
            (element)->prior->next = (element)->next;                                                        \
        else                                                                                                 \
            (first) = (element)->next;                                                                       \
        if ((element)->next != NULL)                                                                         \
            (element)->next->prior = (element)->prior;                                                       \
        else                                                                                                 \
            (last) = (element)->prior;                                                                       \
    } while (0)

#endif
