/* SPDX-License-Identifier: BSD-2-Clause */
#include <pond/profile_write.h>
#include <string.h>
#include <strings.h>

int pond_answer_host(const char *host)
{
    static const char *const own[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; host != NULL && i < sizeof own / sizeof *own; i++) {
        size_t length = strlen(own[i]);
        if (strncasecmp(host, own[i], length) != 0)
            continue;
        const char *port = host + length;
        if (*port == 0 || (*port == ':' && port[1] != 0 && port[1 + strspn(port + 1, "0123456789")] == 0))
            return 1;
    }
    return 0;
}
