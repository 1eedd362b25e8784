/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow through a C++ cast to a larger type
// word: redzone
// report: bytes behind the object were written
// std: c++17
// asan: use-after-poison
#include "misuse.h"
#include <new>
#include <pond/typed.h>

struct small {
    long values[4];
};
struct large : small {
    long another = -1;
};

static void program(void)
{
    pond_options options = pond_options();
    options.size = wrong ? sizeof(small) : sizeof(large);
    pond *p = make(options);
    large *l = new (must_get(p)) large;
    pond_put(p, l);
    end(p);
}
