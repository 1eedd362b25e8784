/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put into a pond that was never created
// word: null
// debug: guard=1/100
// report: an operation on a NULL pond
// log: no
// asan: null pointer|SEGV on unknown address
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns(), *refused = pond_create(&(pond_options){.size = 0});
    void *obj = must_get(p);
    pond_put(wrong ? refused : p, obj);
    end(p);
}
