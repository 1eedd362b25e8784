/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that was compiled with shorter structures than the library's: abi.sh takes the last field of each
 * out of the headers. What the library writes must end where the program's structure ends.
 */
#include "abi.h"
#include <pond/profile.h>
#include <pond/typed.h>
#include <string.h>

struct item {
    char bytes[48];
};
POND_DECLARE(item, struct item)
POND_DEFINE(item, struct item, .name = "made once", .max_objects = 1)

/* In memory after each structure: what the library must leave alone. */
#define AFTER(T)                                                                                             \
    struct {                                                                                                 \
        T it;                                                                                                \
        unsigned char after[64];                                                                             \
    }
#define FILL(place) memset(&(place), 0x5a, sizeof(place))
#define UNTOUCHED(place) untouched((place).after, sizeof(place).after)

static void untouched(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(bytes[i] == 0x5a);
}

static void options_are_read_to_their_end(void)
{
    AFTER(pond_options) o;
    FILL(o); /* max_age would be so many epochs, and then of none */
    o.it = (pond_options){.name = "old", .size = 100, .min_idle = 2, .max_objects = 3};
    pond *p = pond_create(&o.it), *(*pointer)(const pond_options *) = pond_create;
    CHECK(p != NULL && age_of(p) == 0);
    (void)pointer;
    CHECK(pond_destroy(p) == 0);
    p = item_pond();
    CHECK(p != NULL && strcmp(pond_name(p), "made once") == 0 && age_of(p) == 0);
    CHECK(pond_destroy(p) == 0);
}

static void figures_are_cut(pond *p)
{
    AFTER(pond_stats) s;
    FILL(s);
    void *obj = pond_get(p);
    pond_stats_read(p, &s.it);
    CHECK(s.it.live == 1 && s.it.gets == 1 && s.it.resident_bytes > 0);
    UNTOUCHED(s);
    pond_put(p, obj);

    AFTER(pond_history) h;
    FILL(h);
    CHECK(pond_history_read(p, &h.it) == -1 && h.it.count == 0);
    UNTOUCHED(h);
}

/* Read, change, set: the limit that this program does not know is somebody else's. */
static void limits_keep_what_is_unknown(pond *p)
{
    AFTER(pond_limits) l;
    FILL(l);
    set_age(p, 7);
    pond_limits_read(p, &l.it);
    UNTOUCHED(l);
    CHECK(l.it.min_idle == 2 && l.it.max_footprint == 0);
    l.it.min_idle = 1;
    CHECK(pond_limits_set(p, &l.it) == 0);
    CHECK(age_of(p) == 7);
    pond_limits_read(p, &l.it);
    CHECK(l.it.min_idle == 1);
}

int main(void)
{
    options_are_read_to_their_end();
    pond *p = pond_create(&(pond_options){.name = "old", .size = 100, .min_idle = 2});
    CHECK(p != NULL);
    figures_are_cut(p);
    limits_keep_what_is_unknown(p);
    CHECK(pond_destroy(p) == 0);
    return 0;
}
