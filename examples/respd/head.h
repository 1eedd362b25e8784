/* SPDX-License-Identifier: BSD-2-Clause */
/* The head of a request of HTTP/1, taken apart where it lies. */
#ifndef RESPD_HEAD_H
#define RESPD_HEAD_H

#include <stdbool.h>
#include <stddef.h>

struct head {
    const char *method, *path;
    const char *query; /* behind the path's "?"; NULL: there is none */
    const char *host;  /* NULL: there is none */
    bool has_body;
};

/* It has come to its end, an empty line. */
bool head_is_whole(const char *text, size_t size);

/* Text has one byte behind it, which is written to as the text is. False: this is none. */
bool head_parse(struct head *h, char *text, size_t size);

#endif
