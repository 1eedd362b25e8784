/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a unique_ptr that may be empty, dereferenced
// word: fail
// debug: fail=1000
// ends: segv
#include "misuse.h"
#include <pond/typed.h>

static void program(void)
{
    pond_typed<conn> conns;
    auto c = conns.get();
    if (!c && !wrong)
        return;
    *const_cast<volatile int *>(&c->fd) = 3;
}
