/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap profile of <pond/profile.h> written out, for programs and for people: libpond-profile. Link it
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
 * PPROF is what go tool pprof reads: profile.proto, gzipped, with functions, files and lines (by
 * libpond-symbol), those of inlined functions too, so that no program is needed to look at it. FOLDED is
 * "pond;outermost;...;innermost value", a line for each stack, for flamegraph.pl and its like. TEXT is a
 * table of ponds, and behind it the stacks as Go's /debug/pprof/heap?debug=1 has them.
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

#ifdef __cplusplus
}
#endif

#endif
