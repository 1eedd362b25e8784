/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a file or a server, up to a bound, and what they are without gzip. */
#ifndef PROF_BYTES_H
#define PROF_BYTES_H

#include "say.h"

enum {
    MOST_READ = 64 << 20,     /* bytes of a file or an answer */
    MOST_INFLATED = 256 << 20 /* bytes after gunzip */
};

typedef struct bytes {
    unsigned char *data;
    size_t size, room;
} bytes;

/* Room for so many bytes behind those that are there. */
void bytes_reserve(bytes *b, size_t more);
void bytes_free(bytes *b);

/* All of a file, or of what comes from the pipe fd; name is for progress. */
bool bytes_read(bytes *b, int fd, const char *name, trouble *t);

/* b without gzip, where it begins as a gzipped file does; else b as it is. */
bool bytes_gunzip(bytes *b, trouble *t);

#endif
