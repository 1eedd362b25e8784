/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a thread ends with an object in its hands, inlined
// word: leak
// report: 1 object live at pond_destroy
// report: got by thread 1
#include "misuse.h"
#include <pond/inline.h>

static void *work(void *arg)
{
    struct conn *c = pond_get_inline(arg);
    expect(c != NULL, "an object");
    c->fd = wrong ? -1 : 1;
    if (c->fd < 0)
        return NULL; /* the early return forgets it */
    pond_put_inline(arg, c);
    return NULL;
}

static void program(void)
{
    pond *p = make_conns();
    run_thread(work, p);
    end(p);
}
