/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: state left behind in a typed pond, inlined, on another thread
// word: reset
// report: reset does not clear
// report: put here: thread 2
#include "misuse.h"
#include <pond/inline.h>
#include <pond/typed.h>

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, wrong ? sizeof(obj) : sizeof(struct conn)); /* the pointer's size */
    return true;
}

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn, .reset = reset)

static void *work(void *arg)
{
    struct conn *c = arg;
    memcpy(c->token, "0123456789abcde", 16);
    conn_put(c);
    return NULL;
}

static void program(void)
{
    struct conn *c = conn_get();
    expect(c != NULL, "an object");
    run_thread(work, c);
    end(conn_pond());
}
