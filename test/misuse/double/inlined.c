/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, inlined
// word: double
// report: double put: the object is idle already
#include "misuse.h"
#include <pond/inline.h>

static void program(void)
{
    pond *p = make_conns();
    for (int i = 0; i < 100; i++) {
        void *obj = pond_get_inline(p);
        expect(obj != NULL, "an object");
        pond_put_inline(p, obj);
        if (wrong && i == 50)
            pond_put_inline(p, obj);
    }
    end(p);
}
