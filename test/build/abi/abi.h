/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_H
#define ABI_H

#include <pond/pond.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) ((condition) ? (void)0 : failed(__FILE__, __LINE__, #condition))

static inline void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(1);
}

/* now.c, which was compiled with the library's own headers. */
void set_age(pond *p, uint64_t epochs);
uint64_t age_of(pond *p);

#endif
