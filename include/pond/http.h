/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ponds of a running program do, served by HTTP: libpond-http, which needs libmicrohttpd. Link it
 * beside libpond-profile and libpond (pkg-config pond-http): all of them shared, or all of them static.
 *
 *     pond_http *sight = pond_http_start(&(pond_http_options){.port = 6060});
 *     if (sight == NULL)
 *         perror("http://127.0.0.1:6060");
 *     ...
 *     pond_http_stop(sight);
 *
 *     go tool pprof http://127.0.0.1:6060/debug/pprof/heap
 *     pond-prof flame http://127.0.0.1:6060 -o heap.svg
 *     curl http://127.0.0.1:6060/metrics
 *
 * /debug/pond is a page for people, at the same address. What is served is what pond_profile_answer answers
 * (<pond/profile_write.h>): a program with an HTTP server of its own asks that, and does without this
 * library.
 *
 * Nothing is served unless the program says so here: no constructor and no variable of the environment does.
 * Who can connect sees names of functions, files and ponds, and how much memory they have; no command line,
 * no environment and no contents of objects. So it is this machine alone (127.0.0.1), or the program's own
 * user (a unix socket of mode 0600), unless address says otherwise. GET and HEAD are the only methods, and a
 * request has no body. On TCP a request must name this machine (the header Host), so that no page in a
 * browser gets in by a name of its own that it made lead here.
 *
 * A server is bounded in what it takes: so many connections, and when there are more, those go first that
 * have sent no request, or take their answer slowly; so much time for a request to come whole, and again for
 * its answer to be taken; 16 KiB for its lines; two answers made at a time, one of them a profile at most.
 * Each connection is for one request. It has three threads of its own, which no signal of the program's
 * interrupts.
 *
 * A forked child serves nothing: it closes its copies of all descriptors, and the parent's clients do not see
 * it. It may start a server of its own.
 */
#ifndef POND_HTTP_H
#define POND_HTTP_H

#include <pond/pond.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pond_http pond_http;

/* pond_http_options.flags */
enum {
    POND_HTTP_MAY_TICK = 1u << 0,  /* ?gc=1 is allowed: whoever can connect can tick all ponds */
    POND_HTTP_ANY_HOST = 1u << 1,  /* the header Host may name any machine: behind a proxy that checks it */
    POND_HTTP_MAY_REFINE = 1u << 2 /* a look at /debug/pond samples ponds that grow more finely for a while
                                      (POND_ANSWER_MAY_REFINE) */
};

/* All zero is a valid server: on 127.0.0.1, at a port that is free. */
typedef struct pond_http_options {
    const char *unix_path; /* where a unix socket is to be made, of mode 0600 from its first moment on. One
                              that is there and nobody listens on is replaced. NULL: TCP */
    uint16_t port;         /* of TCP; 0: one that is free, which pond_http_port tells */
    const char *address;   /* of TCP, in numbers, of IPv4 or IPv6; NULL: 127.0.0.1. A request may name it as
                              its Host, besides localhost, 127.0.0.1 and [::1] */
    unsigned flags;        /* POND_HTTP_MAY_... and POND_HTTP_ANY_HOST */
    unsigned connections;  /* most at a time, up to 1,024; 0: 16 */
    unsigned timeout_seconds; /* for a request to come, and for its answer to be taken, up to 3,600; 0: 10 */
} pond_http_options;

/*
 * Serves until pond_http_stop, by threads of its own; the server that it returns is the caller's until then.
 * The options are copied. Returns NULL and errno: EINVAL (options), ENOMEM, EADDRINUSE (another process
 * serves there, or what lies at unix_path is no socket of this user's), ENAMETOOLONG (unix_path has more than
 * 107 characters), or what the system said. There may be several servers. Any thread; not in a hook.
 */
POND_API pond_http *pond_http_start(const pond_http_options *options);

POND_API pond_http *pond_http_start_sized(const pond_http_options *options, size_t bytes);

#ifndef POND_LIBRARY_
POND_TELLS_SIZE_ pond_http *pond_http_start(const pond_http_options *options_)
{
    return pond_http_start_sized(options_, sizeof *options_);
}
#endif

/* The port that is listened on. 0: a unix socket, or a server that the parent of this process has started. */
POND_API int pond_http_port(const pond_http *server);

/*
 * Ends all connections and threads, and removes the unix socket; NULL is ignored. An answer that is being
 * made is waited for, a ?seconds= that waits is not. Not for two threads at once.
 */
POND_API void pond_http_stop(pond_http *server);

#ifdef __cplusplus
}
#endif

#endif
