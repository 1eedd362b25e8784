/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put of a typed object in a program that is not optimised, callers alone kept
// word: double
// debug: fast
// order: again here: #0 finish before: #0 retire got: #0 accept_one
// link: -rdynamic -O0
#include "misuse.h"
#include <pond/typed.h>

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)

/* Exported, so that reports name them without libpond-symbol, too. */
struct conn *accept_one(void);
void retire(struct conn *c);
void finish(struct conn *c);

struct conn *accept_one(void)
{
    struct conn *c = conn_get();
    expect(c != NULL, "an object");
    return c;
}

void retire(struct conn *c)
{
    c->fd = -1;
    conn_put(c);
}

void finish(struct conn *c)
{
    if (wrong)
        conn_put(c);
}

static void program(void)
{
    struct conn *c = accept_one();
    retire(c);
    finish(c);
    end(conn_pond());
}
