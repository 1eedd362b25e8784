/* SPDX-License-Identifier: BSD-2-Clause */
/* respd's command line. */
#ifndef RESPD_OPTIONS_H
#define RESPD_OPTIONS_H

#include "../server/options.h"

struct options {
    struct server_options server;
    bool sighted;        /* pages on the ponds are served */
    uint16_t sight_port; /* 0: one that is free */
};

/* Fills *o from the command line. Ends the program on --help (status 0) and on a mistake (status 2). */
void options_read(struct options *o, int argc, char **argv);

#endif
