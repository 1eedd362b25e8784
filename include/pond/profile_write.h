/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap profile of <pond/profile.h> written out, for programs and for people, to files and as answers of a
 * server: libpond-profile. Link it
 * beside libpond (pkg-config pond-profile); both shared, or both static.
 *
 *     pond_profile_set("rate=512k");
 *     ...
 *     int file = open("heap.pb.gz", O_WRONLY | O_CREAT | O_TRUNC, 0666);
 *     if (file < 0 || pond_profile_write(file, POND_PROFILE_PPROF, NULL) != 0)
 *         perror("heap.pb.gz");
 *
 *     go tool pprof -top heap.pb.gz
 *     go tool pprof -http=: heap.pb.gz
 *     go tool pprof -top -tagroot=state,pond heap.pb.gz      what is idle, too, by state and pond
 *     go tool pprof -top -tagfocus=state=live -diff_base=before.pb.gz after.pb.gz
 *
 * Beside what is in use, by stack, a profile has what is idle, by pond and state, which is exact whether
 * samples are taken or not: in frames named [idle in thread caches], [idle in the depot] and [idle since the
 * last tick].
 */
#ifndef POND_PROFILE_WRITE_H
#define POND_PROFILE_WRITE_H

#include <pond/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * PPROF is what go tool pprof reads: profile.proto of github.com/google/pprof, gzipped, with functions, files
 * and lines (by libpond-symbol), those of inlined functions too, so that no program is needed to look at it.
 * FOLDED is "pond;outermost;...;innermost value", a line for each stack, for flamegraph.pl and its like. TEXT
 * is a table of ponds, and behind it the stacks as Go's /debug/pprof/heap?debug=1 has them.
 */
typedef enum pond_profile_format {
    POND_PROFILE_PPROF,
    POND_PROFILE_FOLDED,
    POND_PROFILE_TEXT
} pond_profile_format;

/*
 * Writes a profile to a file, pipe or socket. value, for POND_PROFILE_FOLDED, is "inuse_space" (as NULL is),
 * "inuse_objects", "alloc_space" or "alloc_objects"; for the others NULL or any of these. Returns 0, or -1
 * and errno: EINVAL (no such format or value), ENOMEM, what write said, or ENOSYS (no libpond is to be found:
 * it is in the program as an archive, and libpond-profile is not). It takes as long as it takes to write, and
 * some milliseconds more: the first time in a process tens of them, for debug information is read. Any
 * thread.
 */
POND_API int pond_profile_write(int fd, pond_profile_format form, const char *value);

/* pond_answer.allow: what a server lets those who ask do */
enum {
    POND_ANSWER_MAY_TICK = 1u << 0,  /* ?gc=1, which ticks before the profile is taken */
    POND_ANSWER_MAY_REFINE = 1u << 1 /* /debug/pond samples the gets of a pond 16 times as finely for half a
                                        minute (pond_profile_fine), where a stack of it is judged to grow */
};

/* What a server of HTTP is to send. */
typedef struct pond_answer {
    unsigned allow;      /* set by the caller before: of POND_ANSWER_MAY_... */
    int client;          /* set by the caller before: the connection's socket, so that ?seconds= is over early
                            when the client, or the server, has shut it down; 0: none is looked at */
    int status;          /* of HTTP: 200, 400, 403, 404, 405 or 503 */
    const char *type;    /* Content-Type */
    const char *headers; /* further lines, each "Name: value\r\n", maybe none: a constant text */
    char *body;          /* the caller's to free(); NULL where HEAD asked */
    size_t length;       /* of what GET is sent: Content-Length */
} pond_answer;

/*
 * What libpond-http answers, for servers with an HTTP stack of their own: GET or HEAD of
 *
 *     /debug/pond          a page for people: ponds, their last minutes, verdicts, the largest stacks,
 *                          a flame graph, the last lines of the trace. It needs no network and no
 *                          script. ?format=json, ?format=text: the same for programs, for tickets.
 *                          ?refresh=N: loaded anew every N seconds. ?fast=N: the judge of growth takes
 *                          time to go N times as fast, for demonstrations
 *     /debug/pond/flame    the flame graph alone, SVG; ?value=alloc_space, as of pond_profile_write
 *     /metrics             the ponds' statistics as OpenMetrics 1.0, for Prometheus
 *     /debug/pprof/        a list of the two profiles below
 *     /debug/pprof/heap    what pond_profile_write writes, for go tool pprof http://HOST/debug/pprof/heap.
 *                          ?debug=1: as text. ?seconds=N, up to 60: what is got in so many seconds
 *                          from now. ?gc=1: a tick before, where it is allowed
 *     /debug/pprof/allocs  the same, with what was got to be shown first
 *
 * path is what comes before "?" of the address, query what comes behind it, or NULL. Whatever is asked, there
 * is an answer: 404 where there is nothing, 405 for other methods, 503 while another answer with stacks is
 * being made (they are made one at a time). Nothing of the command line and of the environment is in any.
 * Returns 0; or -1 and errno EINVAL (an argument is NULL), ENOMEM, or ENOSYS (as of pond_profile_write), and
 * then answer has no body.
 *
 * It takes some milliseconds, more the first time (see pond_profile_write), and with ?seconds=N so long as
 * that: a server calls it on a thread that may wait. Any thread.
 */
POND_API int pond_profile_answer(const char *method, const char *path, const char *query,
                                 pond_answer *answer);

POND_API int pond_profile_answer_sized(const char *method, const char *path, const char *query,
                                       pond_answer *answer, size_t bytes);

#ifndef POND_LIBRARY_
POND_TELLS_SIZE_ int pond_profile_answer(const char *method_, const char *path_, const char *query_,
                                         pond_answer *answer_)
{
    return pond_profile_answer_sized(method_, path_, query_, answer_, sizeof *answer_);
}
#endif

/*
 * Whether a Host header names this machine: localhost, 127.0.0.1 or [::1], with any port. A page from
 * elsewhere can make the name of its own server lead here, and read what is answered as if it came from
 * there. So a server on TCP answers 403 where this is 0; NULL is 0. Looks at nothing but the text; any
 * thread.
 */
POND_API int pond_answer_host(const char *host);

#ifdef __cplusplus
}
#endif

#endif
