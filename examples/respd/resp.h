/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redis' protocol, RESP2, as a client speaks it: bytes to commands. Knows no connection and keeps no state.
 */
#ifndef RESPD_RESP_H
#define RESPD_RESP_H

#include <stddef.h>

/* Bytes that lie elsewhere. */
struct slice {
    const unsigned char *bytes;
    size_t size;
};

enum {
    RESP_ARGUMENTS = 4,          /* that are kept; further ones are counted */
    RESP_MOST_ARGUMENTS = 1024,  /* of one command */
    RESP_LONGEST_LINE = 1 << 14, /* an inline command, or a length */
    RESP_LARGEST = 64 << 20      /* one command, all together */
};

struct command {
    size_t count; /* its name included; 0: an empty line */
    struct slice arguments[RESP_ARGUMENTS];
};

struct parsed {
    enum { PARSED, PARSED_NOT_YET, PARSED_WRONG } state;
    size_t size; /* PARSED: bytes the command takes; NOT_YET: what it takes at the least, for all we know */
    const char *error; /* PARSED_WRONG */
};

/*
 * Reads the command at the start of these bytes: "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", or inline "ECHO hi\r\n".
 */
struct parsed resp_parse(const unsigned char *bytes, size_t size, struct command *c);

#endif
