/* SPDX-License-Identifier: BSD-2-Clause */
/* A typed pond as an application has it: declared in a header, defined in one file, used in others. */
#ifndef TEST_TYPED_CONN_H
#define TEST_TYPED_CONN_H

#include <pond/typed.h>

struct conn {
    int fd;
    char token[16];
    struct conn *next;
    char *buffer;
};

POND_DECLARE(conn, struct conn)

#endif
