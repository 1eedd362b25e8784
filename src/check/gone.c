/* SPDX-License-Identifier: BSD-2-Clause */
/* Ponds that were destroyed: every operation on one is reported, and does nothing. */
#include "report.h"
#include <errno.h>

void watch_bad_pond(const struct pond *p, const char *function, const void *caller)
{
    struct finding f = {.word = "destroyed",
                        .kind = (uintptr_t)function,
                        .pond = p,
                        .advice = "destroy a pond after its last use, when its users are gone"};
    finding_say(&f, "%s of a destroyed pond", function);
    finding_event(&f, ROLE_USED_HERE, event_here(p, caller));
    report(&f);
}

static void *destroyed_get(pond *p, const void *caller, const struct get_how *how)
{
    watch_bad_pond(p, get_function(how), caller);
    errno = EINVAL;
    return NULL;
}

static void destroyed_put(pond *p, void *obj, const void *caller)
{
    (void)obj;
    watch_bad_pond(p, "pond_put", caller);
}

static void destroyed_discard(pond *p, void *obj, const void *caller)
{
    (void)obj;
    watch_bad_pond(p, "pond_discard", caller);
}

const struct watch watch_destroyed = {
    .get = destroyed_get, .put = destroyed_put, .discard = destroyed_discard};
