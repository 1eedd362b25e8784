/* SPDX-License-Identifier: BSD-2-Clause */
/* POND_TUNE: options of ponds from the environment, and a file of statistics that ticks rewrite. */
#ifndef POND_TUNE_H
#define POND_TUNE_H

#include "port.h"
#include <pond/pond.h>

/* Reads POND_TUNE, the first time. No lock is held. */
void tune_begin(void);

/*
 * Puts the values of POND_TUNE in the place of those that the program gave a pond of this name. A value with
 * which the pond could not be made is left out, and that is reported. No lock is held.
 */
void tune_options(pond_options *o, const char *name);

/* Rewrites the file: a tick of all ponds each time, one of one pond at most ten times a second. The second
 * writes it when the first pond has been made. No lock is held. */
void tune_ticked(bool all);
void tune_created(void);

/* Writes what the i-th word has changed, as a line of pond_dump without its end. False: there are no more. */
bool tune_line(size_t i, char *text, size_t n);
#define TUNE_LINE_BYTES 320 /* more than any line has */

#endif
