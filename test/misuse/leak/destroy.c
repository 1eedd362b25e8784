/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: objects live at pond_destroy
// word: leak
// report: 3 objects live at pond_destroy
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *objs[5];
    expect(pond_get_many(p, objs, 5) == 5, "objects");
    pond_put_many(p, objs, wrong ? 2 : 5);
    end(p);
}
