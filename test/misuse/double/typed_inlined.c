/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put through a typed pond, inlined
// word: double
// report: double put: the object is idle already
// report: put before: thread 1
#include "misuse.h"
#include <pond/inline.h>
#include <pond/typed.h>

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)

static void program(void)
{
    struct conn *a = conn_get(), *b = conn_get();
    expect(a != NULL && b != NULL, "two objects");
    conn_put(a);
    conn_put(wrong ? a : b);
    end(conn_pond());
}
