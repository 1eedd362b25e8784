/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, explicitly and by POND_SCOPED at the end of the block
// word: double
// report: double put: the object is idle already
#include "misuse.h"
#include <pond/typed.h>

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)

static void serve(int fd)
{
    POND_SCOPED(conn, c);
    c->fd = fd;
    if (wrong)
        conn_put(c);
}

static void program(void)
{
    serve(3);
    end(conn_pond());
}
