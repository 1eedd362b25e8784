/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection, on the event loop of its thread. */
#ifndef RESPD_SERVE_H
#define RESPD_SERVE_H

#include "pools.h"

/*
 * Takes over an accepted socket, on the loop's thread, and enters it in the list. It is closed if that fails.
 */
void serve_connection(uv_loop_t *loop, int socket, struct connection **list);

/* Ends every connection of the list; they are gone when the loop has run. */
void serve_end(struct connection *list);

#endif
