/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mprotect -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
/* Objects that are larger than a page or two in guard slots, and the count of those that found no slot. */
#include "test.h"

#include "../../src/check/guard.h"
#include "../misuse/heard.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

TestSuite(guard_large, .timeout = TEST_ALARM);

/* The sanitizers' own handlers would be the ones that were there before: without them SIG_DFL is. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_abort=0";
}
const char *__tsan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_abort=0:report_signal_unsafe=0";
}

static atomic_bool refuse_mprotect;

int __real_mprotect(void *at, size_t bytes, int prot);
int __wrap_mprotect(void *at, size_t bytes, int prot);

int __wrap_mprotect(void *at, size_t bytes, int prot)
{
    if (!atomic_load(&refuse_mprotect) || !guard_owns(at)) /* slabs are opened by it, too */
        return __real_mprotect(at, bytes, prot);
    errno = ENOMEM;
    return -1;
}

static struct heard heard;

static const size_t sizes[] = {16384, 16385, 20000, 65536, 100001, (size_t)1 << 20};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static pond *make(const char *words, size_t size)
{
    listen_to(&heard, words);
    return test_pond((pond_options){.size = size, .align = 1, .name = "large"});
}

static char *get(pond *p)
{
    char *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    return obj;
}

/* At the end of its pages, or at their beginning: where both are the same, either will do. */
static char *get_at(pond *p, size_t size, bool end)
{
    size_t page = os_page_size();
    for (;;) {
        char *obj = get(p);
        must(guard_owns(obj), "%zu bytes are served from a slot", size);
        if (((uintptr_t)obj + (end ? size : 0)) % page == 0)
            return obj;
        pond_put(p, obj);
    }
}

static __attribute__((noinline)) char read_byte(const volatile char *at)
{
    char byte = *at;
    __asm__ volatile("" : : : "memory"); /* the handler may have changed anything */
    return byte;
}

/* ---- what traps ---- */

static void traps(const char *at, const char *what)
{
    unsigned before = heard.count;
    (void)read_byte(at);
    HEARD(heard, before, "guard", what);
}

static void try_size(size_t size)
{
    pond *p = make("guard,log", size);
    char *last = get_at(p, size, true), *first = get_at(p, size, false);
    memset(last, 1, size);
    memset(first, 1, size);
    traps(last + size, "read 1 byte behind the object");
    traps(first - 1, "read 1 byte in front of the object");
    pond_put(p, last);
    pond_put(p, first);
    char *obj = get(p);
    obj[size - 1] = 7;
    pond_put(p, obj);
    traps(obj + size - 1, "read after put at offset");
    traps(get(p) - 30000, "read 30000 bytes in front of the object");
}

Test(guard_large, what_traps_at_once)
{
    for (size_t i = 0; i < SIZES; i++)
        try_size(sizes[i]);
}

/* The object touches six pages of 4 KiB, or one of 64 KiB, and no more are open. */
Test(guard_large, on_the_other_side_what_is_beyond_the_pages_traps)
{
    size_t size = 20001, page = os_page_size(), pages = (size + page - 1) / page * page;
    pond *p = make("guard,log", size);
    char *last = get_at(p, size, true), *first = get_at(p, size, false);
    char *front = last + size - pages, *behind = first + pages;
    (void)read_byte(front);
    (void)read_byte(behind - 1);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    traps(front - 1, "in front of the object");
    traps(behind, "behind the object");
}

Test(guard_large, what_is_written_next_to_it_is_found_at_put)
{
    pond *p = make("guard,log", 20001);
    char *last = get_at(p, 20001, true), *first = get_at(p, 20001, false);
    last[-64] = 1;
    pond_put(p, last);
    HEARD(heard, 0, "guard", "write of 1 byte in front of the object");
    first[20001 + 63] = 1;
    pond_put(p, first);
    HEARD(heard, 1, "guard", "write of 1 byte behind the object");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_large, new_objects_are_zero_and_aligned)
{
    listen_to(&heard, "guard,log");
    for (size_t i = 0; i < SIZES; i++) {
        pond *p = test_pond((pond_options){.size = sizes[i], .align = 4096});
        for (int round = 0; round < 3 * GUARD_LARGE_SLOTS; round++) {
            char *obj = get(p);
            cr_assert(guard_owns(obj) && (uintptr_t)obj % 4096 == 0);
            cr_assert(obj[0] == 0 && memcmp(obj, obj + 1, sizes[i] - 1) == 0);
            memset(obj, 0xff, sizes[i]);
            pond_put(p, obj);
        }
        cr_assert_eq(pond_destroy(p), 0);
    }
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* ---- other checks of an object in a large slot ---- */

Test(guard_large, double_put_and_pointers_into_it)
{
    pond *p = make("guard,log", 100000);
    char *obj = get(p);
    pond_put(p, obj + 70000);
    HEARD(heard, 0, "tag", "70000 bytes into an object of pond \"large\"");
    pond_put(p, obj);
    pond_put(p, obj);
    HEARD(heard, 1, "double", "double put");
    cr_assert_eq(test_stats(p).dropped[POND_DROP_DEBUG], 1);
    cr_assert_eq(pond_destroy(p), 0);
}

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 3, (size_t)1 << 20);
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

/* The whole of what construct left is remembered. */
Test(guard_large, reset_is_checked_to_the_last_byte)
{
    listen_to(&heard, "guard,reset,log");
    pond *p = test_pond((pond_options){.size = (size_t)1 << 20, .construct = construct, .reset = reset});
    char *obj = get(p);
    cr_assert(guard_owns(obj));
    pond_put(p, obj);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    obj = get(p);
    obj[((size_t)1 << 20) - 1] = 4;
    pond_put(p, obj);
    HEARD(heard, 0, "reset", "reset does not restore 1 byte at offset 1048575");
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- the count ---- */

/* Gets n objects; the last `unguarded` of them find no slot. */
static void get_all(pond *p, void **objs, size_t n, size_t unguarded)
{
    for (size_t i = 0; i < n; i++) {
        objs[i] = get(p);
        cr_assert_eq(guard_owns(objs[i]), i < n - unguarded, "%zu", i);
    }
}

Test(guard_large, what_finds_no_slot_is_counted)
{
    static void *objs[GUARD_SLOTS + 3];
    pond *large = make("guard,log", 20000), *small = test_pond((pond_options){.size = 64});
    get_all(large, objs, GUARD_LARGE_SLOTS + 5, 5);
    cr_assert_eq(pond_debug_unguarded(), 5);
    pond_put_many(large, objs, GUARD_LARGE_SLOTS + 5);
    get_all(small, objs, GUARD_SLOTS + 3, 3);
    cr_assert_eq(pond_debug_unguarded(), 8);
    pond_put_many(small, objs, GUARD_SLOTS + 3);
    cr_assert_eq(pond_debug_set("guard=1/1,double,log"), 0);
    cr_assert_eq(pond_debug_unguarded(), 8, "it was on all the time");
    cr_assert_eq(pond_debug_set("off"), 0);
    cr_assert_eq(pond_debug_unguarded(), 8, "it may be read afterwards");
    cr_assert_eq(pond_debug_set("guard"), 0);
    cr_assert_eq(pond_debug_unguarded(), 0, "it is on anew");
    cr_assert_eq(pond_destroy(large), 0);
    cr_assert_eq(pond_destroy(small), 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

Test(guard_large, what_has_no_memory_is_counted)
{
    pond *p = make("guard,log", 20000);
    atomic_store(&refuse_mprotect, true);
    char *obj = get(p);
    atomic_store(&refuse_mprotect, false);
    cr_assert(!guard_owns(obj));
    cr_assert_eq(pond_debug_unguarded(), 1);
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}

/* An idle object serves, for one in a slot would be one too many. */
Test(guard_large, what_max_objects_leaves_unguarded_is_counted)
{
    listen_to(&heard, "");
    pond *p = test_pond((pond_options){.size = 64, .max_objects = 1});
    pond_put(p, get(p));
    cr_assert_eq(pond_debug_set("guard,log"), 0);
    char *obj = get(p);
    cr_assert(!guard_owns(obj));
    cr_assert_eq(pond_debug_unguarded(), 1);
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- fork ---- */

static void use_in_child(void *arg)
{
    void **objs = arg;
    pond *p = objs[0];
    must(((char *)objs[1])[99999] == 'p', "the child's copy");
    pond_put(p, objs[1]);
    for (int i = 0; i < 3 * GUARD_LARGE_SLOTS; i++)
        pond_put(p, get(p));
    must(pond_debug_unguarded() == 0 && heard.count == 0, "%s", heard.text);
}

Test(guard_large, a_child_has_its_own_slots)
{
    pond *p = make("guard,log", 100000);
    void *objs[2] = {p, get(p)};
    ((char *)objs[1])[99999] = 'p';
    test_in_child(use_in_child, objs);
    cr_assert_eq(((char *)objs[1])[99999], 'p');
    pond_put(p, objs[1]);
    cr_assert_eq(pond_destroy(p), 0);
}
