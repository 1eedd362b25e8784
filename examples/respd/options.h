/* SPDX-License-Identifier: BSD-2-Clause */
/* respd's command line: it has no options of its own. */
#ifndef RESPD_OPTIONS_H
#define RESPD_OPTIONS_H

#include "../server/options.h"

/* Fills *o from the command line. Ends the program on --help (status 0) and on a mistake (status 2). */
void options_read(struct server_options *o, int argc, char **argv);

#endif
