/* SPDX-License-Identifier: BSD-2-Clause */
/* The block's end puts it, whichever way the block ends. */
#include "../server.h"

int serve(int fd)
{
    POND_SCOPED(conn, c);
    if (c == NULL)
        return -1;
    c->fd = fd;
    while (read_line(c->fd, c->line)) {
        if (c->line[0] == 'q')
            return 1;
        if (!answer(c))
            break;
    }
    return c->requests > 0;
}
