/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence clang
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/*
 * In a process that locks all that it maps (mlockall), a pond takes the memory of its objects and little
 * more, gives back what is idle, hands out zeroed memory, and a destroyed one is still told.
 */
#include "test.h"

#include "fault.h"
#include "memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PONDS = 20, KIB = 1024, OBJECTS = 100000 };

static pond *ponds[PONDS];
static char *objs[OBJECTS];

/* Where the process may lock nothing of its own there is nothing to test. */
static void lock_all(int flags)
{
    memset(objs, 0, sizeof objs);
    if (mlockall(flags) != 0)
        cr_skip_test("mlockall: errno %d", errno);
    memory_resident();
}

static pond *pond_of_one(void)
{
    void *obj;
    pond *p = test_pond((pond_options){.size = 64});
    test_get(p, &obj, 1);
    memset(obj, 1, 64);
    return p;
}

Test(locked, a_pond_of_one_object_takes_64_KiB, .timeout = TEST_ALARM)
{
    lock_all(MCL_CURRENT | MCL_FUTURE);
    pond_of_one(); /* and the page map's leaf */
    size_t before = memory_resident();
    for (int i = 0; i < PONDS; i++)
        ponds[i] = pond_of_one();
    size_t each = (memory_resident() - before) / PONDS;
    cr_assert_leq(each, 64 * KIB, "%zu KiB", each / KIB);
}

static size_t get_write_put(pond *p)
{
    test_get(p, (void **)objs, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) {
        for (int byte = 0; byte < 200; byte++)
            must(objs[i][byte] == 0, "object %d is not zero", i);
        memset(objs[i], 1, 200);
    }
    size_t most = memory_resident();
    pond_put_many(p, (void **)objs, OBJECTS - 1);
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
    return most;
}

static void expect_given_back(size_t least)
{
    pond *p = test_pond((pond_options){.size = 200});
    size_t most = get_write_put(p), now = memory_resident();
    cr_assert_geq(most - now, least, "%zu KiB at the peak, %zu KiB after three ticks", most / KIB, now / KIB);
    pond_put(p, objs[OBJECTS - 1]);
    pond_trim(p);
    get_write_put(p);
    pond_put(p, objs[OBJECTS - 1]);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(locked, idle_memory_goes_back_and_comes_as_zero, .timeout = TEST_ALARM)
{
    lock_all(MCL_CURRENT | MCL_FUTURE);
    expect_given_back(OBJECTS / 10 * 9 * 200);
}

/* A slab is opened in large steps, which the kernel makes resident at once: a tick gives the rest back. */
Test(locked, what_was_opened_and_never_used_goes_back, .timeout = TEST_ALARM)
{
    enum { SLAB = 4 * 1024 * KIB, FULL = (64 + 256 + 1024) * KIB + SLAB, PAGE_OBJECTS = FULL / 4096 + 2 };
    lock_all(MCL_CURRENT | MCL_FUTURE);
    pond *p = test_pond((pond_options){.size = 4096});
    size_t before = memory_resident();
    test_get(p, (void **)objs, PAGE_OBJECTS);
    cr_assert_geq(memory_resident() - before, FULL + SLAB, "the last slab is resident, too");
    pond_put(p, objs[PAGE_OBJECTS - 1]);
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
    size_t taken = memory_resident() - before;
    cr_assert_leq(taken, FULL + 256 * KIB, "%zu KiB", taken / KIB);
}

/* As on a kernel that purges no locked memory: whole slabs go, what is left is not taken for zero. */
Test(locked, where_nothing_can_be_purged_whole_slabs_go, .timeout = TEST_ALARM)
{
    lock_all(MCL_CURRENT | MCL_FUTURE);
    fault_arm(FAULT_MADVISE, 0, true);
    fault_error(FAULT_MADVISE, EINVAL);
    expect_given_back(OBJECTS / 2 * 200);
}

static int child_status(void (*body)(void))
{
    int status;
    pid_t child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        must(freopen("/dev/null", "w", stderr) != NULL, "no /dev/null"); /* reports are not this test's own */
        body();
        _exit(0);
    }
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    return status;
}

static void use_destroyed(void)
{
    pond *p = test_pond((pond_options){.size = 64});
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        _exit(77);
    void *obj;
    test_get(p, &obj, 1);
    pond_put(p, obj);
    must(pond_destroy(p) == 0, "pond_destroy");
    (void)!pond_get(p);
}

static void use_destroyed_unpurged(void)
{
    fault_arm(FAULT_MADVISE, 0, true);
    fault_error(FAULT_MADVISE, EINVAL);
    use_destroyed();
}

static void expect_report(void (*body)(void))
{
    int status = child_status(body);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("mlockall is refused");
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x: no report", (unsigned)status);
}

Test(locked, a_destroyed_pond_is_told, .timeout = TEST_ALARM)
{
    expect_report(use_destroyed);
    expect_report(use_destroyed_unpurged);
}

/* An address space full of reservations counts as locked: slabs are smaller then, and there is an object. */
static void one_object_within_the_limit(void)
{
    struct rlimit little = {(rlim_t)2 << 20, (rlim_t)2 << 20};
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        _exit(77);
    if (setrlimit(RLIMIT_MEMLOCK, &little) != 0 || mlockall(MCL_FUTURE) != 0)
        _exit(77);
    pond *p = pond_create(&(pond_options){.size = 64});
    must(p != NULL, "pond_create: errno %d", errno);
    must(pond_get(p) != NULL, "pond_get: errno %d", errno);
}

Test(locked, an_object_needs_less_than_a_slab_of_what_may_be_locked, .timeout = TEST_ALARM)
{
    int status = child_status(one_object_within_the_limit);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("mlockall is refused");
    cr_assert_eq(status, 0, "status %#x", (unsigned)status);
}
