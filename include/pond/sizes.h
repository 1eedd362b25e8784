/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes of structures; <pond/pond.h> includes this. Later versions append fields to pond_options, pond_limits
 * and pond_stats, and a program may run with an older or a newer library than it was compiled with. So what
 * it calls are these functions, which are told how many bytes the structure has in the program. What the
 * library reads and the program's structure lacks is zero (pond_limits_set_sized: as it was); a structure
 * with more than the library knows is refused with E2BIG, which pond_why explains, unless all that is zero.
 * What the library writes is cut to the program's size, and beyond its own is zero. For other languages and
 * dlsym: call these with the size that your declaration has. The functions without a size, as libpond.so
 * exports them, take the structures of version 1.0.
 */
#ifndef POND_SIZES_H
#define POND_SIZES_H

#include <pond/pond.h>

/*
 * What a program calls that hands a structure over: it tells the library how long the program's is, see
 * above. POND_LIBRARY_ is the library itself, which has these functions.
 */
#define POND_TELLS_SIZE_ extern __inline__ __attribute__((__gnu_inline__, __always_inline__, __artificial__))

#ifdef __cplusplus
extern "C" {
#endif

POND_API pond *pond_create_sized(const pond_options *options, size_t bytes) POND_USE_RESULT;
POND_API void pond_stats_read_sized(pond *p, pond_stats *stats, size_t bytes);
POND_API void pond_limits_read_sized(const pond *p, pond_limits *limits, size_t bytes);
POND_API int pond_limits_set_sized(pond *p, const pond_limits *limits, size_t bytes);

#ifndef POND_LIBRARY_
POND_TELLS_SIZE_ pond *pond_create(const pond_options *options_)
{
    return pond_create_sized(options_, sizeof *options_);
}

POND_TELLS_SIZE_ void pond_stats_read(pond *p_, pond_stats *stats_)
{
    pond_stats_read_sized(p_, stats_, sizeof *stats_);
}

POND_TELLS_SIZE_ void pond_limits_read(const pond *p_, pond_limits *limits_)
{
    pond_limits_read_sized(p_, limits_, sizeof *limits_);
}

POND_TELLS_SIZE_ int pond_limits_set(pond *p_, const pond_limits *limits_)
{
    return pond_limits_set_sized(p_, limits_, sizeof *limits_);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
