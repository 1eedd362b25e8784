/* SPDX-License-Identifier: BSD-2-Clause */
/* Code that is loaded while the program runs, with a type of its own. */
#include "frames.h"

struct late {
    long first;
    char second[8];
};

struct late late_one;

void plugin_run(void (*frames)(void));

static __attribute__((noinline)) void plugin_local(void (*frames)(void))
{
    frames();
    STAY();
}

void plugin_run(void (*frames)(void))
{
    plugin_local(frames);
    STAY();
}
