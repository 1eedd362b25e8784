/* SPDX-License-Identifier: BSD-2-Clause */
/* The equations of src/types.h, checked by walking a pond's own structures. */
#ifndef TEST_SUPPORT_VALIDITY_H
#define TEST_SUPPORT_VALIDITY_H

#include <pond/pond.h>

/*
 * True: the pond is as src/types.h says, with every magazine in one place, every idle object in one magazine,
 * and `live` objects handed out (SIZE_MAX: however many). False: *why says what is wrong, in a buffer that is
 * this function's own. Call it while no thread is in the pond or changes it.
 */
bool pond_is_valid(const pond *p, size_t live, const char **why);

/* The address is an object of the pond at this moment, live or idle. For ponds without create. */
bool pond_has_object(const pond *p, const void *obj);

#endif
