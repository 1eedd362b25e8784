/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that advances the epoch of all ponds at a fixed pace. */
#ifndef GZIPD_TICKER_H
#define GZIPD_TICKER_H

#include <stdbool.h>

/* False: there is no thread to be had; errno. */
bool ticker_start(unsigned milliseconds);

/* Returns when the thread has ended; does not wait for its next tick. */
void ticker_stop(void);

#endif
