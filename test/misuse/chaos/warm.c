/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a program relies on reserved objects to be there still, and so on gets not to construct
// word: chaos
// debug: chaos=3
// ends: 1
// twice
#include "misuse.h"

static int constructed;

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    constructed++;
    return 0;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = 64, .construct = construct});
    expect(pond_reserve(p, 4) == 4, "four objects");
    int before = constructed;
    for (int i = 0; i < 1000; i++) {
        pond_put(p, must_get(p));
        if (wrong && constructed != before) {
            printf("constructed after all at %d\n", i);
            exit(1);
        }
    }
    end(p);
}
