/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pond_profile_write, pond_profile_answer: of the libpond in this process. In the shared library
 * (POND_WRITE_SHARED) that is whichever has these names there, if there is one: it is not linked with a
 * libpond, so that it brings no second one along. In the archive they are wanted from the linker.
 */
#include "source.h"
#include <errno.h>

#ifdef POND_WRITE_SHARED
#pragma weak pond_profile_each
#pragma weak pond_each
#pragma weak pond_stats_read
#pragma weak pond_name
#pragma weak pond_type_name
#pragma weak pond_profile_rate
#pragma weak pond_profile_lost
#pragma weak pond_limits_read
#pragma weak pond_history_read
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

int pond_profile_answer(const char *method, const char *path, const char *query, pond_answer *answer)
{
    pond_profile_source own = POND_PROFILE_SOURCE;
    if (answer != NULL)
        answer->body = NULL;
    return own_is_there(&own) ? pond_profile_answer_from(&own, method, path, query, answer) : -1;
}
