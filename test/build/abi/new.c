/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that was compiled with longer structures than the library's: abi.sh appends `later` to each. It
 * works as long as it wants nothing that the library does not know, and is told so where it does.
 */
#include "abi.h"
#include <errno.h>
#include <pond/profile.h>
#include <pond/typed.h>
#include <string.h>

#define REFUSED(call)                                                                                        \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        CHECK(call);                                                                                         \
        CHECK(errno == E2BIG && strstr(pond_why(), "does not know") != NULL);                                \
    } while (0)

static pond *options_are_refused(void)
{
    static pond *once;
    static const pond_type type = {"item", 40, 8, NULL, 0};
    pond_options o = {.name = "new", .size = 100, .max_age = 5};
    pond *p = pond_create(&o);
    CHECK(p != NULL && age_of(p) == 5);
    o.later = 1;
    REFUSED(pond_create(&o) == NULL);
    o.later = UINT64_C(1) << 63;
    REFUSED(pond_create(&o) == NULL);
    o.size = 0;
    REFUSED(pond_create_once(&once, &o, &type) == NULL && once == NULL);
    o.later = 0;
    CHECK(pond_create_once(&once, &o, &type) == once && once != NULL && pond_destroy(once) == 0);
    REFUSED(pond_create_sized(&o, (size_t)-1) == NULL);
    return p;
}

static void limits_are_refused(pond *p)
{
    pond_limits l;
    memset(&l, 0x5a, sizeof l);
    pond_limits_read(p, &l);
    CHECK(l.max_age == 5 && l.later == 0);
    l.max_age = 6;
    CHECK(pond_limits_set(p, &l) == 0 && age_of(p) == 6);
    l.max_age = 8;
    l.later = 1;
    REFUSED(pond_limits_set(p, &l) == -1);
    CHECK(age_of(p) == 6);
}

static void figures_are_zero(pond *p)
{
    pond_stats s;
    pond_history h;
    memset(&s, 0x5a, sizeof s);
    memset(&h, 0x5a, sizeof h);
    pond_stats_read(p, &s);
    CHECK(s.live == 0 && s.waited == 0 && s.later == 0);
    CHECK(pond_history_read(p, &h) == -1 && h.misses[POND_HISTORY_MOST - 1] == 0 && h.later == 0);
}

int main(void)
{
    pond *p = options_are_refused();
    limits_are_refused(p);
    figures_are_zero(p);
    CHECK(pond_destroy(p) == 0);
    return 0;
}
