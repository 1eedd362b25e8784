/* SPDX-License-Identifier: BSD-2-Clause */
/* gzipd's command line. */
#ifndef GZIPD_OPTIONS_H
#define GZIPD_OPTIONS_H

#include "../server/options.h"

struct options {
    struct server_options server;
    const char *root;    /* the directory that is served */
    int level;           /* zlib's, 1 to 9 */
    bool log;            /* a line per request */
    const char *profile; /* the first file that SIGUSR1 writes a heap profile to; NULL: none */
    const char
        *sight;   /* the port or the path of a unix socket where pages on the ponds are served; NULL: none */
    bool planted; /* a fault was planted on purpose, see plant.h */
};

/* Fills *o from the command line. Ends the program on --help (status 0) and on a mistake (status 2). */
void options_read(struct options *o, int argc, char **argv);

#endif
