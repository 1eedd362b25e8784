/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers by chance. */
#ifndef POND_CHANCE_H
#define POND_CHANCE_H

#include "port.h"

/* What splitmix64 adds for the next number: stirred, the sums are a sequence without a pattern. */
#define CHANCE_STEP UINT64_C(0x9e3779b97f4a7c15)

/* splitmix64: two numbers that differ in one bit become two that differ in half of theirs. */
static inline uint64_t chance_stir(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
