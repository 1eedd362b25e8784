/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pond_profile_write, pond_profile_answer: of the libpond in this process. In the shared library
 * (POND_WRITE_SHARED) that is whichever has these names there, if there is one: it is not linked with a
 * libpond, so that it brings no second one along. In the archive they are wanted from the linker.
 */
/* pond_profile_answer is what is defined here. */
#define POND_LIBRARY_ 1
#include "../sized.h"
#include "source.h"
#include <errno.h>

#ifdef POND_WRITE_SHARED
#pragma weak pond_profile_each
#pragma weak pond_each
#pragma weak pond_stats_read_sized
#pragma weak pond_name
#pragma weak pond_type_name
#pragma weak pond_profile_rate
#pragma weak pond_profile_lost
#pragma weak pond_limits_read_sized
#pragma weak pond_history_read_sized
#pragma weak pond_profile_seconds
#pragma weak pond_trace_each
#pragma weak pond_profile_fine
#pragma weak pond_epoch_advance
#endif

static bool own_is_there(const pond_profile_source *own)
{
    if (own->each != NULL && own->ponds != NULL)
        return true;
    errno = ENOSYS;
    return false;
}

int pond_profile_write(int fd, pond_profile_format form, const char *value)
{
    pond_profile_source own = POND_PROFILE_SOURCE;
    return own_is_there(&own) ? pond_profile_write_from(&own, fd, form, value) : -1;
}

/* What the caller sets is at the front of it; what it has not set is not looked at. */
int pond_profile_answer_sized(const char *method, const char *path, const char *query, pond_answer *answer,
                              size_t bytes)
{
    pond_profile_source own = POND_PROFILE_SOURCE;
    pond_answer whole = {.allow = 0};
    if (answer != NULL)
        (void)sized_take(&whole, sizeof whole, answer, bytes < sizeof whole ? bytes : sizeof whole);
    whole.body = NULL;
    int result = -1;
    if (own_is_there(&own))
        result = pond_profile_answer_from(&own, method, path, query, answer != NULL ? &whole : NULL);
    if (answer != NULL)
        sized_give(answer, bytes, &whole, sizeof whole);
    return result;
}

int pond_profile_answer(const char *method, const char *path, const char *query, pond_answer *answer)
{
    return pond_profile_answer_sized(method, path, query, answer, SIZE_UP_TO(pond_answer, length));
}
