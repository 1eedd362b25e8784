/* SPDX-License-Identifier: BSD-2-Clause */
/* Where results go: a file or standard output, and whether all of it arrived. */
#ifndef PROF_OUTPUT_H
#define PROF_OUTPUT_H

#include "say.h"

typedef struct output {
    FILE *file;
    const char *path; /* NULL: standard output */
} output;

/* NULL or "-": standard output. */
bool output_open(output *out, const char *path, trouble *t);

/*
 * Says whether everything was written; removes a file where it was not. A reader of the pipe that has gone
 * has seen enough: that is no failure.
 */
bool output_close(output *out, trouble *t);

#endif
