/* SPDX-License-Identifier: BSD-2-Clause */
/* Heap profiles of the ponds, written while the server runs: --profile. Needs libpond-profile. */
#ifndef GZIPD_PROFILE_H
#define GZIPD_PROFILE_H

#include <stdbool.h>

/* Whether gzipd was built with libpond-profile. */
extern const bool profile_can_write;

/* The name of the first file; NULL: profile_write does nothing. It must live as long as the server. */
void profile_begin(const char *file);

/*
 * Writes a profile into the first file, the next one into "<file>.2" and so on, and prints a line that ends
 * with its name; of one that cannot be written it says why, on stderr. For one thread, and for no signal
 * handler.
 */
void profile_write(void);

#endif
