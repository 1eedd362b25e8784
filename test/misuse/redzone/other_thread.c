/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow by a thread, put by another, after a tick
// word: redzone
// report: overflow: 8 bytes behind the object were written
// report: got: thread 1
// asan: use-after-poison
#include "misuse.h"
#include <pond/inline.h>

enum { items = 8 };

static void *fill(void *obj)
{
    uint64_t *list = obj;
    for (int i = 0; i < (wrong ? items + 1 : items); i++)
        list[i] = UINT64_MAX;
    return NULL;
}

static void program(void)
{
    pond *p = make_plain("lists", items * sizeof(uint64_t));
    void *obj = pond_get_inline(p);
    expect(obj != NULL, "an object");
    run_thread(fill, obj);
    pond_epoch_advance();
    pond_put_inline(p, obj);
    end(p);
}
