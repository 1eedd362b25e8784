/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: get from a pond that was never created, its creation unchecked
// word: null
// debug: guard=1/100
// report: an operation on a NULL pond
// log: no
// asan: null pointer|SEGV on unknown address
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    pond *lines = pond_create(&(pond_options){.name = "lines", .size = wrong ? SIZE_MAX : 64});
    void *obj = pond_get(lines);
    pond_put(lines, obj);
    end(p);
    end(lines);
}
