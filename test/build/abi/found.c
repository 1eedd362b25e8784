/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a binding of another language does: functions by their names, structures by its own
 * declaration of them.
 * The functions without a size take those of version 1.0.
 */
#define POND_LIBRARY_ 1 /* the declarations alone */
#include "abi.h"
#include <dlfcn.h>
#include <string.h>

/* POSIX: a pointer to a function has the size of one to data. */
#define FIND(f) (*(void **)(void *)&(f) = dlsym(library, #f))

int main(int argc, char **argv)
{
    void *library = dlopen(argv[argc - 1], RTLD_NOW);
    __typeof__(&pond_create) pond_create;
    __typeof__(&pond_create_sized) pond_create_sized;
    __typeof__(&pond_stats_read) pond_stats_read;
    __typeof__(&pond_limits_set) pond_limits_set;
    __typeof__(&pond_limits_read) pond_limits_read;
    __typeof__(&pond_destroy) pond_destroy;
    CHECK(library != NULL);
    CHECK(FIND(pond_create) && FIND(pond_create_sized) && FIND(pond_stats_read) && FIND(pond_limits_set) &&
          FIND(pond_limits_read) && FIND(pond_destroy));

    pond_options o = {.size = 100, .max_age = 3};
    pond *p = pond_create(&o);
    pond_limits l;
    pond_stats s;
    CHECK(p != NULL);
    pond_limits_read(p, &l);
    CHECK(l.max_age == 3);
    l.max_age = 4;
    CHECK(pond_limits_set(p, &l) == 0);
    memset(&s, 0x5a, sizeof s);
    pond_stats_read(p, &s);
    CHECK(s.live == 0 && s.waited == 0);
    CHECK(pond_destroy(p) == 0);

    p = pond_create_sized(&o, offsetof(pond_options, max_age)); /* without it */
    CHECK(p != NULL);
    pond_limits_read(p, &l);
    CHECK(l.max_age == 0);
    CHECK(pond_destroy(p) == 0);
    return 0;
}
