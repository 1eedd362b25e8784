/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: get and put disagree on the type, behind a cast
// word: tag
// report: put of an object of pond "conn" into pond "timer"
// report:  of pond "conn" (conn,
// report: given to pond "timer" (timer,
#include "misuse.h"
#include <pond/typed.h>

struct timer {
    long at[8];
};

POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn)
POND_DECLARE(timer, struct timer)
POND_DEFINE(timer, struct timer)

static void program(void)
{
    void *any = conn_get();
    expect(any != NULL && timer_pond() != NULL, "an object");
    if (wrong)
        timer_put((struct timer *)any);
    else
        conn_put(any);
    end(conn_pond());
    end(timer_pond());
}
