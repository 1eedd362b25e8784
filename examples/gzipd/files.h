/* SPDX-License-Identifier: BSD-2-Clause */
/* Which file a path means, what is in it, and what the client takes. */
#ifndef GZIPD_FILES_H
#define GZIPD_FILES_H

#include <stdbool.h>

/*
 * Opens what the path of a URL (decoded) means below the directory root: for "dir/" its index.html.
 * Never leaves root: ".." is EACCES, a symbolic link ELOOP or ENOTDIR. -1 and errno.
 */
int file_open(int root, const char *path);

struct content {
    const char *type; /* the Content-Type */
    bool squeezes;    /* false: compressed already */
};

/* By the path's suffix. */
struct content file_content(const char *path);

/* Whether an Accept-Encoding header (NULL: there is none) allows gzip. */
bool accepts_gzip(const char *list);

#endif
