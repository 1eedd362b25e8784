/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and their answers: the two functions that libmicrohttpd calls, and what they need to know. */
#ifndef GZIPD_SERVE_H
#define GZIPD_SERVE_H

#include <microhttpd.h>
#include <stdbool.h>

struct site {
    int root; /* the directory that is served */
    bool log; /* a line per request */
};

/*
 * Called when the header lines of a request have come, for each piece of its body, and when all has
 * come. *request is ours to use, NULL at first.
 */
enum MHD_Result serve_request(void *site, struct MHD_Connection *c, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_size, void **request);

/* Called when the answer was sent or the connection broke. */
void serve_request_end(void *site, struct MHD_Connection *c, void **request,
                       enum MHD_RequestTerminationCode why);

#endif
