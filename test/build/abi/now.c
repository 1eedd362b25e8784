/* SPDX-License-Identifier: BSD-2-Clause */
/* A part of a program that was compiled with the library's own headers. */
#include "abi.h"

void set_age(pond *p, uint64_t epochs)
{
    pond_limits l;
    pond_limits_read(p, &l);
    l.max_age = epochs;
    CHECK(pond_limits_set(p, &l) == 0);
}

uint64_t age_of(pond *p)
{
    pond_limits l;
    pond_limits_read(p, &l);
    return l.max_age;
}
