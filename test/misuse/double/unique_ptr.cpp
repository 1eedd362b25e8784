/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, explicitly and by the unique_ptr
// word: double
// report: double put: the object is idle already
#include "misuse.h"
#include <pond/typed.h>

static void program(void)
{
    pond_typed<conn> conns;
    auto c = conns.get();
    expect(c != nullptr, "an object");
    if (wrong)
        pond_put(conns.get_pond(), c.get());
    else
        pond_put(conns.get_pond(), c.release());
}
