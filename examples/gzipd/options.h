/* SPDX-License-Identifier: BSD-2-Clause */
/* gzipd's command line. */
#ifndef GZIPD_OPTIONS_H
#define GZIPD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *root; /* the directory that is served */
    uint16_t port;    /* 0: one that is free */
    unsigned threads; /* that serve */
    unsigned tick_ms; /* between two ticks of ageing */
    int level;        /* zlib's, 1 to 9 */
    bool pooled;      /* --alloc=pond; false: --alloc=malloc */
    size_t budget;    /* pond_tick_budget; 0: no bound */
    bool log;         /* a line per request */
    int send_buffer;  /* bytes the kernel keeps for a slow client; 0: as the system is set */
};

/* Fills *o from the command line. Ends the program on --help (status 0) and on a mistake (status 2). */
void options_read(struct options *o, int argc, char **argv);

#endif
