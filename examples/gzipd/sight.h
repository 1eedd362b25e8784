/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ponds do, served while gzipd runs: --sight. Needs libpond-http. */
#ifndef GZIPD_SIGHT_H
#define GZIPD_SIGHT_H

#include <stdbool.h>

/* Whether gzipd was built with libpond-http. */
extern const bool sight_can_serve;

/*
 * Serves on a port of 127.0.0.1, or on a unix socket where it is no number, and prints a line that ends with
 * where; NULL: serves nothing. False: it was reported.
 */
bool sight_start(const char *where);

void sight_stop(void);

#endif
