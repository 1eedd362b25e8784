/* SPDX-License-Identifier: BSD-2-Clause */
#include "sight.h"
#include "options.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifdef GZIPD_HAS_SIGHT
#include <pond/http.h>
const bool sight_can_serve = true;
static pond_http *server;

static pond_http_options options_for(const char *where)
{
    if (where[strspn(where, "0123456789")] != '\0')
        return (pond_http_options){.unix_path = where, .flags = POND_HTTP_MAY_REFINE};
    return (pond_http_options){.port = (uint16_t)option_number("sight", where, 0, UINT16_MAX),
                               .flags = POND_HTTP_MAY_REFINE};
}

bool sight_start(const char *where)
{
    if (where == NULL)
        return true;
    pond_http_options o = options_for(where);
    server = pond_http_start(&o);
    if (server == NULL) {
        fprintf(stderr, "gzipd: cannot serve pages on the ponds at %s: %s.\n", where, strerror(errno));
        return false;
    }
    if (o.unix_path != NULL)
        printf("gzipd: pages on the ponds are at unix:%s\n", where);
    else
        printf("gzipd: pages on the ponds are at http://127.0.0.1:%d/debug/pond\n", pond_http_port(server));
    fflush(stdout);
    return true;
}

void sight_stop(void)
{
    pond_http_stop(server);
    server = NULL;
}
#else
const bool sight_can_serve = false;
bool sight_start(const char *where)
{
    return where == NULL;
}
void sight_stop(void) {}
#endif
