/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three things gzipd needs for each request, and where they come from. All that differs between
 * --alloc=pond and --alloc=malloc is behind these functions: with pond an open takes what an earlier
 * request closed, with malloc an open makes a new one and a close frees it. Nothing else in the
 * server knows which it is.
 */
#ifndef GZIPD_POOLS_H
#define GZIPD_POOLS_H

#include "../server/ponds.h"
#include "options.h"
#include <netinet/in.h>
#include <pond/typed.h>
#include <zlib.h>

/* Bytes that grow: a compressed answer, live until the last of it was sent. */
struct buffer {
    unsigned char *bytes;
    size_t used, capacity;
};

/* One request, from its first header line until its answer was sent. */
struct request {
    char client[INET6_ADDRSTRLEN]; /* who asks, for the log: nobody else's business */
    char target[256];              /* method and path, for the log */
    size_t sent;                   /* bytes of the answer's body, and its status, for the log */
    unsigned status;
    struct buffer *answer;        /* being made; NULL once the response owns it */
    unsigned char chunk[1 << 14]; /* the piece of the file that is being compressed */
};

/* Before the first request and after the last. Both report what fails and then return false. */
bool pools_open(const struct options *o);
bool pools_close(void);

/* Prints a line per pond. */
void pools_report(void);

/* The pond of the requests. */
pond *pools_requests(void);

/* NULL when memory is out; a close takes NULL. */
z_stream *stream_open(void); /* writes gzip; ready for the first byte */
void stream_close(z_stream *z);
struct buffer *buffer_open(void); /* empty */
void buffer_close(struct buffer *b);
struct request *request_open(void); /* all empty but chunk */
void request_close(struct request *r);

/* Gives an empty buffer room for n bytes. False: memory is out. */
bool buffer_reserve(struct buffer *b, size_t n);

#endif
