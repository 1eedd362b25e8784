/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a list's neighbour writes into an object that was put without being unlinked
// word: poison
// report: written after put: 8 bytes at offset 24
// asan: use-after-poison
#include "misuse.h"

static void push(struct conn **tail, struct conn *c)
{
    c->next = NULL;
    if (*tail != NULL)
        (*tail)->next = c;
    *tail = c;
}

static void program(void)
{
    pond *p = make_conns();
    struct conn *tail = NULL, *first = must_get(p), *second = must_get(p);
    push(&tail, first);
    if (!wrong)
        tail = NULL;
    pond_put(p, first);
    push(&tail, second);
    pond_put(p, second);
    pond_epoch_advance();
    pond_epoch_advance();
    end(p);
}
