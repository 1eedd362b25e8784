/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libpond-profile asks of libpond, as functions that it is given: a process can have a libpond whose
 * names nobody outside can find (an archive in the program), and libpond-profile.so is loaded by it.
 */
#ifndef POND_WRITE_SOURCE_H
#define POND_WRITE_SOURCE_H

#include <pond/profile_write.h>

/* A libpond. Later versions append to it. */
typedef struct pond_profile_source {
    size_t size;                                                             /* of this structure */
    int (*each)(int (*row)(const pond_profile_row *, void *ctx), void *ctx); /* pond_profile_each */
    int (*ponds)(int (*visit)(pond *, void *ctx), void *ctx);                /* pond_each */
    void (*stats)(pond *, pond_stats *, size_t bytes);                       /* pond_stats_read_sized */
    const char *(*name)(const pond *);
    const char *(*type_name)(const pond *);
    size_t (*rate)(void);
    uint64_t (*lost)(void);
    void (*limits)(const pond *, pond_limits *, size_t bytes);         /* pond_limits_read_sized */
    int (*history)(pond *, pond_history *, size_t bytes);              /* pond_history_read_sized */
    double (*seconds)(void);                                           /* pond_profile_seconds */
    int (*trace)(int (*line)(const char *text, void *ctx), void *ctx); /* pond_trace_each */
    int (*fine)(pond *, size_t rate, unsigned seconds);                /* pond_profile_fine */
    uint64_t (*tick)(void); /* pond_epoch_advance; NULL: not to be done */
} pond_profile_source;

/* Its value for the libpond that the file is linked with, which includes <pond/profile.h>. */
#define POND_PROFILE_SOURCE                                                                                  \
    {                                                                                                        \
        .size = sizeof(pond_profile_source), .each = pond_profile_each, .ponds = pond_each,                  \
        .stats = pond_stats_read_sized, .name = pond_name, .type_name = pond_type_name,                      \
        .rate = pond_profile_rate, .lost = pond_profile_lost, .limits = pond_limits_read_sized,              \
        .history = pond_history_read_sized, .seconds = pond_profile_seconds, .trace = pond_trace_each,       \
        .fine = pond_profile_fine, .tick = pond_epoch_advance                                                \
    }

/* As pond_profile_write, from this source. */
POND_API int pond_profile_write_from(const pond_profile_source *source, int fd, pond_profile_format format,
                                     const char *value);

/* As pond_profile_answer, from this source. */
POND_API int pond_profile_answer_from(const pond_profile_source *source, const char *method, const char *path,
                                      const char *query, pond_answer *answer);

/* Whether all that is needed is there. */
bool source_is_whole(const pond_profile_source *source);

#endif
