/* SPDX-License-Identifier: BSD-2-Clause */
/* Where profiles come from: a file, a server, a unix socket, a process. */
#ifndef PROF_SOURCE_H
#define PROF_SOURCE_H

#include "bytes.h"

#define PROFILE_PATH "/debug/pprof/heap"

/* The bytes of a SOURCE. The sentence of a failure begins with the source. */
bool source_read(bytes *b, const char *source, trouble *t);

/* How sentences and pictures call it: - is "standard input". */
const char *source_name(const char *source);

enum { ANSWER_SECONDS = 90 }; /* a profile of ?seconds=60 among them */

/* What a server answers in so many seconds, by the socket at the path `socket` where that is not NULL. url
 * has a path. */
bool http_read(bytes *b, const char *url, const char *socket, long seconds, trouble *t);

/* http_read, where url is http://HOST:PORT alone, of PROFILE_PATH. */
bool url_read(bytes *b, const char *url, trouble *t);

/* What the process answers on a unix socket that it listens on. */
bool process_read(bytes *b, const char *number, trouble *t);

/* What is answered on the unix socket that lies in a directory, whose name may be too long for a socket's. */
bool socket_read(bytes *b, const char *path, long seconds, trouble *t);

#endif
