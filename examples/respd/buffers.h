/* SPDX-License-Identifier: BSD-2-Clause */
/* The ponds of buffers: see pools.h for what is done with a buffer. */
#ifndef RESPD_BUFFERS_H
#define RESPD_BUFFERS_H

#include "pools.h"

enum {
    BUFFER_SIZES = 7,               /* each twice the one before */
    BUFFER_SMALLEST = 4 << 10,      /* bytes, the head included */
    BUFFER_PONDS = BUFFER_SIZES + 1 /* and one of buffers that grow */
};

/* Creates them all and stores where they are, NULL for what cannot be created. */
void buffers_create(pond **ponds);

#endif
