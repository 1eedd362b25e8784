/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: one of two typed ponds' objects held on and on, the pond's own ticks counted
// word: hold
// debug: hold=1
// report: live for 2 epochs
// report: pond "timer"
#include "misuse.h"
#include <pond/typed.h>

struct timer {
    long at;
};

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)
POND_DECLARE(timer, struct timer)
POND_DEFINE(timer, struct timer)

static void program(void)
{
    struct conn *c = conn_get();
    struct timer *t = timer_get();
    expect(c != NULL && t != NULL, "objects");
    conn_put(c);
    for (int second = 0; second < 3; second++) {
        pond_rotate(conn_pond());
        if (wrong)
            pond_rotate(timer_pond()); /* the other pond's objects get no older */
    }
    timer_put(t);
    end(conn_pond());
    end(timer_pond());
}
