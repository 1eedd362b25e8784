/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put into the pond that words are on for, beside one that they are not
// word: double
// debug: full@c[a-z]nns*,-guard@conns,-leak@conns
// report: of pond "conns"
// report: words: double,tag,confine,reset,poison,redzone,stacks=16
#include "misuse.h"

static void program(void)
{
    pond *users = make_plain("users", 64), *conns = make_conns();
    void *user = must_get(users), *conn = must_get(conns);
    pond_put(users, user);
    memset(conn, 0, sizeof(struct conn));
    pond_put(conns, conn);
    if (wrong)
        pond_put(conns, conn);
    end(conns);
    end(users);
}
