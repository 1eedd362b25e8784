/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: an early return forgets a typed pond's object, POND_SCOPED would not
// word: leak
// report: 1 object live at exit
#include "misuse.h"
#include <pond/typed.h>

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)

static bool forgets(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL || fd < 0)
        return false;
    c->fd = fd;
    conn_put(c);
    return true;
}

static bool remembers(int fd)
{
    POND_SCOPED(conn, c);
    if (c == NULL || fd < 0)
        return false;
    c->fd = fd;
    return true;
}

static void program(void)
{
    expect(!(wrong ? forgets(-1) : remembers(-1)), "a refusal");
}
