/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a C++ program compares addresses to tell sessions apart
// word: chaos
// debug: chaos=5
// ends: 1
// twice
#include "misuse.h"
#include <pond/typed.h>

static void program(void)
{
    pond_typed<conn> conns;
    auto once = conns.get();
    conn *first = once.get();
    once.reset();
    for (int i = 0; i < 300; i++) {
        auto c = conns.get();
        auto beside = conns.get();
        if (wrong && c.get() != first) { /* "the one we had" */
            printf("another at %d\n", i);
            exit(1);
        }
    }
}
