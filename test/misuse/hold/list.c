/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: objects forgotten in a list while the server goes on
// word: hold
// debug: hold=3
// report: live for 4 epochs
// report: got: thread 1
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *list = NULL;
    for (int second = 0; second < 10; second++) {
        for (int i = 0; i < 20; i++) {
            struct conn *c = must_get(p);
            c->next = list;
            list = c;
        }
        while (list != NULL && !(wrong && list->next == NULL)) {
            struct conn *c = list;
            list = c->next;
            pond_put(p, c);
        }
        pond_rotate(p);
    }
    pond_put(p, list);
    end(p);
}
