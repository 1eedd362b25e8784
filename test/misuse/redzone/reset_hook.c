/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a reset hook clears one byte too many
// word: redzone
// report: overflow: 1 byte behind the object was written by a hook of its put
// asan: use-after-poison
#include "misuse.h"

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, wrong ? 65 : 64);
    return true;
}

static void program(void)
{
    pond_options options;
    memset(&options, 0, sizeof options);
    options.name = "buffers";
    options.size = 64;
    options.reset = reset;
    pond *p = make(options);
    pond_put(p, must_get(p));
    end(p);
}
