/* SPDX-License-Identifier: BSD-2-Clause */
/* The limit behind a call, as pond_get and pond_put are: what calling alone costs. */
#ifndef BENCH_PEERS_LIMIT_CALLED_H
#define BENCH_PEERS_LIMIT_CALLED_H

#define LIMIT_CALL __attribute__((noinline, aligned(64)))
#include "limit.h"

#endif
