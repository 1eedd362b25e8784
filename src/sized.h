/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structures that a program and the library hand each other, where each may have been compiled with another
 * version of them. Later versions append fields, whose zero means what was before; doc/abi.md has the rules.
 */
#ifndef POND_SIZED_H
#define POND_SIZED_H

#include <pond/pond.h>
#include <stdbool.h>
#include <string.h>

/* Bytes of a structure up to the end of a field, which was its last one in some version. */
#define SIZE_UP_TO(T, last) (offsetof(T, last) + sizeof(((T *)NULL)->last))

/* What the functions without a size take: the structures of version 1.0, for ever. */
#define OPTIONS_1_0 SIZE_UP_TO(pond_options, max_age)
#define LIMITS_1_0 SIZE_UP_TO(pond_limits, max_age)
#define STATS_1_0 SIZE_UP_TO(pond_stats, waited)

/* No version has more: a size beyond it is a mistake, and is not looked through. */
#define SIZED_MOST ((size_t)4096)

/*
 * Copies what both have over *to, a structure of the library's of `room` bytes. False: the program's has
 * bytes that the library does not know, and means something by them.
 */
static inline bool sized_take(void *to, size_t room, const void *from, size_t bytes)
{
    if (bytes > SIZED_MOST)
        return false;
    for (size_t i = room; i < bytes; i++)
        if (((const char *)from)[i] != 0)
            return false;
    memcpy(to, from, bytes < room ? bytes : room);
    return true;
}

/* Copies what both have into the program's structure; what only that has is zero. */
static inline void sized_give(void *to, size_t bytes, const void *from, size_t has)
{
    memcpy(to, from, bytes < has ? bytes : has);
    if (bytes > has)
        memset((char *)to + has, 0, bytes - has);
}

#endif
