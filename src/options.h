/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options of a pond may be, and the sentence that says what is wrong with them. */
#ifndef POND_OPTIONS_H
#define POND_OPTIONS_H

#include "types.h"

/*
 * Fills *o with the options as they will be used. Returns NULL, or what is wrong with them: a constant text.
 */
const char *options_fill(const pond_options *given, pond_options *o);

/* What is wrong with these limits, for a pond that has such a footprint hook (NULL: none); NULL: nothing. */
const char *options_limits(const pond_limits *l, const void *footprint);

/*
 * Copies the options of a program, of which each has so many bytes, into a structure whose fields are as they
 * are where the program does not know them. False: errno and pond_why say what is wrong. The same of limits.
 */
bool options_take(pond_options *to, const pond_options *given, size_t bytes);
bool options_take_limits(pond_limits *to, const pond_limits *given, size_t bytes);

/* Makes the text what pond_why says on this thread from now on, and errno EINVAL. */
void options_refuse(const char *why);

#endif
