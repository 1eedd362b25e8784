/* SPDX-License-Identifier: BSD-2-Clause */
/* A file into a buffer of gzip. */
#ifndef GZIPD_COMPRESS_H
#define GZIPD_COMPRESS_H

#include "pools.h"

/*
 * Compresses what is in fd, at most size bytes, into r->answer, which is opened here. False and errno:
 * the file cannot be read (errno is read's) or memory is out (ENOMEM).
 */
bool compress_file(struct request *r, int fd, size_t size);

#endif
