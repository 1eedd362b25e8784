/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence clang
/*
 * A pond with few objects takes few pages of what is limited: of writable memory (RLIMIT_DATA, as `haproxy
 * -m` sets it, and what the kernel counts where it does not overcommit), of mappings, of core files.
 *
 * With vm.overcommit_memory=2 the kernel counts each private mapping from when it is writable, used or not,
 * and MAP_NORESERVE changes nothing. That is a setting of the whole machine; here the mappings are looked at.
 */
#include "test.h"

#include "memory.h"

#include <pond/debug.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { PONDS = 100, KIB = 1024, MIB = 1024 * 1024 };

/* The sum of the sizes of all writable private mappings, in bytes. */
static size_t writable(void)
{
    char line[512];
    size_t sum = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    must(maps != NULL, "/proc/self/maps: errno %d", errno);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char rights[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && rights[1] == 'w' && rights[3] == 'p')
            sum += to - from;
    }
    fclose(maps);
    return sum;
}

static pond *pond_of_one(size_t size)
{
    void *obj;
    pond *p = test_pond((pond_options){.size = size});
    test_get(p, &obj, 1);
    memset(obj, 1, size);
    return p;
}

Test(data_limit, an_object_takes_little_of_it, .timeout = TEST_ALARM)
{
    pond_of_one(64);
    size_t before = writable(), mapped = memory_mapped();
    for (int i = 0; i < PONDS; i++)
        pond_of_one(64);
    size_t each = (writable() - before) / PONDS, space = (memory_mapped() - mapped) / PONDS;
    cr_log_info("a pond of one object: %zu KiB writable, %zu KiB of address space", each / KIB, space / KIB);
    cr_assert_leq(each, 320 * KIB, "%zu KiB", each / KIB);
    cr_assert_leq(space, 4 * MIB + 320 * KIB, "%zu KiB", space / KIB);
}

/* Of a slab no more than its first objects need, twice; of the last of many slabs all: 4 MiB too much at
 * most. */
Test(data_limit, what_grows_is_counted_as_it_grows, .timeout = TEST_ALARM)
{
    enum { MOST = 40000, SIZE = 1000 };
    static void *objs[MOST];
    pond_of_one(64);
    for (size_t n = 10; n <= MOST; n = n * 3 + 1) {
        pond *p = test_pond((pond_options){.size = SIZE});
        size_t before = writable(), needed = n * 1008 + 64 * KIB;
        test_get(p, objs, n);
        size_t counted = writable() - before;
        cr_assert_leq(counted, n * SIZE < 2 * MIB ? 2 * needed : needed + 4 * MIB, "%zu objects: %zu KiB", n,
                      counted / KIB);
        pond_put_many(p, objs, n);
        cr_assert_eq(pond_destroy(p), 0);
    }
}

/* The address space for guard pages is counted where an object lies in it; what is kept of small ones is 5
 * MiB. */
Test(data_limit, guard_pages_are_not_counted, .timeout = TEST_ALARM)
{
    pond_of_one(64);
    size_t before = writable(), mapped = memory_mapped();
    must(pond_debug_set("guard=1") == 0, "errno %d", errno);
    pond_of_one(64);
    size_t counted = writable() - before;
    cr_assert_gt(memory_mapped() - mapped, 64 * MIB, "there is much of it");
    cr_assert_leq(counted, 6 * MIB, "%zu KiB", counted / KIB);
    must(pond_debug_set("off") == 0, "errno %d", errno);
}

Test(data_limit, eighty_ponds_fit_into_48_MiB, .timeout = TEST_ALARM)
{
    struct rlimit little = {writable() + (rlim_t)48 * MIB, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_DATA, &little), 0);
    for (int i = 0; i < 80; i++)
        pond_of_one(64);
}

/* At the limit there is ENOMEM, and what was put can be got. */
Test(data_limit, at_the_limit_the_pond_goes_on, .timeout = TEST_ALARM)
{
    enum { MOST = 40000 };
    static void *objs[MOST];
    pond *p = pond_of_one(1000);
    struct rlimit little = {writable() + (rlim_t)10 * MIB, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_DATA, &little), 0);
    size_t n = 0;
    errno = 0;
    while (n < MOST && (objs[n] = pond_get(p)) != NULL)
        memset(objs[n++], 1, 1000);
    cr_assert_eq(errno, ENOMEM);
    cr_assert_gt(n * 1000, 7 * MIB, "%zu objects", n);
    pond_put_many(p, objs, n);
    cr_assert_eq(pond_get_many(p, objs, n), n);
    pond_put_many(p, objs, n);
    pond_trim(p);
    cr_assert_geq(pond_get_many(p, objs, n), n / 10 * 9, "and given back, it can be had again");
}
