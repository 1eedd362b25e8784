/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap's memory is freed, the pond's object put. */
#include "../server.h"
#include <stdlib.h>

void serve(int fd)
{
    struct conn *c = conn_get();
    char *line = malloc(80);
    if (c != NULL && line != NULL) {
        c->fd = fd;
        line[0] = c->line[0];
        say(line, 1);
    }
    free(line);
    conn_put(c);
}
