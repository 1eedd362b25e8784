/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The things respd needs for each connection, read and command, and where they come from. All that differs
 * between --alloc=pond and --alloc=malloc is behind these functions: with pond an open takes what was closed
 * before, with malloc an open makes a new one and the last close frees it. Nothing else in the server knows
 * which it is.
 */
#ifndef RESPD_POOLS_H
#define RESPD_POOLS_H

#include "options.h"
#include "resp.h"
#include <pond/typed.h>
#include <uv.h>

/*
 * What was read. A command that is not complete is continued here; replies point into it, each with a share,
 * so it is not moved, and it is closed by whoever has the last share. One thread's, always.
 */
struct buffer {
    unsigned char *bytes;
    size_t capacity;
    size_t start, used; /* the command that begins at start is not complete */
    unsigned shares;
    unsigned kind; /* which pond */
};

/* A client, from accept until everything of it is gone. */
struct connection {
    uv_tcp_t tcp;
    struct connection *next, **previous; /* the thread's other connections */
    struct buffer *in;                   /* NULL while no command is incomplete */
    size_t needed;                       /* bytes of `in` without which it is no use to parse again */
    unsigned batches;                    /* on their way to the client */
    bool much;           /* the last read brought kilobytes, or as much as there was room for */
    bool ending, paused; /* no further command is taken; reading has stopped until writes are done */
};

/* One command and its reply, until the reply was sent. */
struct request {
    struct request *next;
    struct command command;
    struct buffer *from; /* where the command's bytes, and the reply's body, lie */
    struct slice body;   /* of the reply, sent after `text`; empty: text is all */
    size_t text_size;
    char text[128]; /* the reply, or what comes before its body */
};

enum { BATCH_REQUESTS = 64 };

/* Replies that are sent together. */
struct batch {
    uv_write_t write;
    struct connection *to;
    struct request *first, **last;
    unsigned requests;
};

/* Before the first connection and after the last. Both report what fails and then return false. */
bool pools_open(const struct server_options *o);
bool pools_close(void);

/* Prints a line per pond. */
void pools_report(void);

/* NULL when memory is out; a close takes NULL. What is opened is empty. */
struct connection *connection_open(void);
void connection_close(struct connection *c);
struct request *request_open(void);
void request_close(struct request *r); /* and its share of its buffer */
struct batch *batch_open(void);
void batch_close(struct batch *b); /* and its requests */

/* With room for n bytes at the least, and one share, the caller's. */
struct buffer *buffer_open(size_t n);
struct buffer *buffer_share(struct buffer *b);
void buffer_close(struct buffer *b); /* gives a share back */

#endif
