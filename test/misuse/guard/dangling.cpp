/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a raw C++ pointer outlives its unique_ptr
// word: guard
// debug: guard=1/1,stacks=16
// report: read after put at offset 0
// log: no
#include "misuse.h"
#include <pond/typed.h>

static void program(void)
{
    pond_typed<conn> conns;
    auto c = conns.get();
    expect(c != nullptr, "an object");
    volatile conn *raw = c.get();
    if (wrong)
        c.reset();
    printf("%d\n", raw->fd);
}
