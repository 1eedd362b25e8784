/* SPDX-License-Identifier: BSD-2-Clause */
/* Where results go: a file or standard output, and whether all of it arrived. */
#ifndef PROF_OUTPUT_H
#define PROF_OUTPUT_H

#include "bytes.h"

/* What is printed is gathered, and written when all is there. */
typedef struct output {
    FILE *file;
    char *data;
    size_t size;
} output;

void output_open(output *out);

/* Writes it to a file (NULL or "-": standard output). */
bool output_close(output *out, const char *path, trouble *t);

/*
 * Writes bytes to a file (NULL or "-": standard output), which is removed where it could not be written
 * whole. A reader of the pipe that has gone has seen enough: that is no failure.
 */
bool write_whole(const void *data, size_t size, const char *path, trouble *t);

/* Whether the file can be written, before work begins; one that was not there is not there afterwards. */
bool is_writable(const char *path, trouble *t);

#endif
