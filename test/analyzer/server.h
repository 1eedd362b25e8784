/* SPDX-License-Identifier: BSD-2-Clause */
/* The server that the corpus's programs are parts of: its ponds are declared here and defined elsewhere. */
#ifndef TEST_ANALYZER_SERVER_H
#define TEST_ANALYZER_SERVER_H

#include <pond/typed.h>

struct conn {
    int fd;
    unsigned requests;
    char line[80];
};

struct request {
    struct conn *conn;
    int status;
};

/* Two ponds of one type, and one of another. */
POND_DECLARE(conn, struct conn)
POND_DECLARE(upstream, struct conn)
POND_DECLARE(request, struct request)

int next_client(void);              /* a file descriptor, or -1 */
bool read_line(int fd, char *line); /* false: the client is gone */
bool answer(const struct conn *c);
void enqueue(struct request *r); /* a worker will put it */
void say(const char *text, int number);

#endif
