/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence clang
/*
 * A process that has as many mappings as it may (vm.max_map_count) cannot unmap what lies in the middle of
 * one. Such memory goes back all the same, its address space is used again, and it is unmapped when that is
 * possible.
 */
#include "test.h"

#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

TestSuite(most_mappings, .timeout = TEST_ALARM);

enum { SLABS = 32, PER_SLAB = 4, OBJECTS = 1 + (SLABS - 1) * PER_SLAB, MIB = 1024 * 1024, MOST = 1 << 20 };

static void *objs[OBJECTS];
static struct {
    char *base;
    size_t bytes;
} filler;

static size_t map_count_limit(void)
{
    unsigned long limit = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file == NULL || fscanf(file, "%lu", &limit) != 1 || limit > MOST)
        cr_skip_test("vm.max_map_count is unknown or too high to be reached");
    fclose(file);
    return limit;
}

/* Every other page of a reservation is made readable, until no mapping more can be had. */
static void fill_mappings(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), limit = map_count_limit();
    filler.bytes = (limit + 16) * 2 * page;
    filler.base = mmap(NULL, filler.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(filler.base != MAP_FAILED, "mmap: errno %d", errno);
    size_t i = 0;
    while (i < limit && mprotect(filler.base + (2 * i + 1) * page, page, PROT_READ) == 0)
        i++;
    must(i < limit, "no limit of mappings was met");
}

static void unfill_mappings(void)
{
    must(munmap(filler.base, filler.bytes) == 0, "munmap: errno %d", errno);
}

/* All slabs but the first of it lie in one mapping. */
static pond *full_pond(void)
{
    pond *p = test_pond((pond_options){.size = MIB});
    test_get(p, objs, OBJECTS);
    for (int i = 0; i < OBJECTS; i++)
        memset(objs[i], 1, MIB);
    return p;
}

static bool comes_and_goes(int i)
{
    return (i + PER_SLAB - 1) / PER_SLAB % 2 == 1; /* the first has one object */
}

static void put_every_other_slab(pond *p)
{
    for (int i = 0; i < OBJECTS; i++)
        if (comes_and_goes(i)) {
            pond_put(p, objs[i]); /* NULL is none */
            objs[i] = NULL;
        }
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
}

/* How many of them there is memory for: slabs at the edge of a mapping went, and another mapping cannot be
 * had. */
static int get_every_other_slab(pond *p)
{
    int got = 0;
    for (int i = 0; i < OBJECTS; i++)
        if (comes_and_goes(i) && (objs[i] = pond_get(p)) != NULL) {
            must(*(char *)objs[i] == 0, "object %d is not zero", i);
            memset(objs[i], 1, MIB);
            got++;
        }
    return got;
}

Test(most_mappings, address_space_is_used_again_and_goes_back_later)
{
    pond *p = full_pond();
    size_t mapped = memory_mapped(), resident = memory_resident(), half = (size_t)SLABS / 2 * 4 * MIB;
    fill_mappings();
    size_t filled = memory_mapped();
    put_every_other_slab(p);
    cr_assert_leq(memory_resident(), resident + 32 * MIB - half, "the memory went back");
    cr_assert_gt(memory_mapped(), filled - half / 2, "the test meets the limit");
    for (int wave = 0; wave < 10; wave++) {
        int got = get_every_other_slab(p);
        cr_assert_geq(got, OBJECTS / 8 * 3, "wave %d: %d of %d", wave, got, OBJECTS / 2);
        put_every_other_slab(p);
    }
    cr_assert_leq(memory_mapped(), filled + 2 * MIB, "%zu MiB more", (memory_mapped() - filled) / MIB);
    unfill_mappings();
    pond_epoch_advance();
    cr_assert_leq(memory_mapped(), mapped - half + 8 * MIB, "%zu MiB of %zu are mapped still",
                  memory_mapped() / MIB, mapped / MIB);
}
