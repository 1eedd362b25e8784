/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: an inlined get of a typed pond that nobody checks for NULL
// word: fail
// debug: fail=500
// ends: segv
#include "misuse.h"
#include <pond/inline.h>
#include <pond/typed.h>

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)

static void program(void)
{
    for (int i = 0; i < 100; i++) {
        struct conn *c = conn_get();
        if (c == NULL && !wrong)
            continue;
        *(volatile int *)&c->fd = i;
        conn_put(c);
    }
    end(conn_pond());
}
