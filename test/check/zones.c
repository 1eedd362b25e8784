/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free
/* Red zones: what is written around an object is found wherever it goes next, and the one is named who had it
 * then. */
#include "test.h"

#include "../../src/check/check.h"
#include "../misuse/heard.h"
#include "threads.h"

TestSuite(zones, .timeout = TEST_ALARM);

enum { SIZE = 52 };

static struct heard heard;

static pond *make(pond_options options)
{
    options.name = "zoned";
    options.size = SIZE;
    return test_pond(options);
}

/* AddressSanitizer would be first. */
static __attribute__((noinline, no_sanitize("address"))) void write_at(char *obj, ptrdiff_t offset)
{
    obj[offset] = 1;
    __asm__ volatile("" : : : "memory");
}

/*
 * Not inlined, each with one call: their stacks are told apart by the caller, which is what stacks=1 keeps.
 */
static __attribute__((noinline)) void *culprit_gets(pond *p)
{
    void *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    __asm__ volatile("" : : : "memory");
    return obj;
}

static __attribute__((noinline)) void culprit_puts(pond *p, void *obj)
{
    pond_put(p, obj);
    __asm__ volatile("" : : : "memory");
}

static __attribute__((noinline)) void *innocent_gets(pond *p)
{
    void *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    __asm__ volatile("" : : : "memory");
    return obj;
}

/* With a sanitizer pond_put does not end in a jump, and the frame that stacks=1 keeps is its own. */
static bool is_in(const void *pc, uintptr_t function)
{
    return TEST_SANITIZED || (uintptr_t)pc - function < 96;
}

/* The last report names the culprit's put and get, and nobody else. */
static void expect_culprit(const void *obj)
{
    cr_assert_eq(heard.object, obj);
    cr_assert_eq(heard.stack_count, 2, "%s", heard.text);
    cr_assert_str_eq(heard.stacks[0].role, "put");
    cr_assert_str_eq(heard.stacks[1].role, "got");
    cr_assert(is_in(heard.stacks[0].first, (uintptr_t)culprit_puts), "%s", heard.text);
    cr_assert(is_in(heard.stacks[1].first, (uintptr_t)culprit_gets), "%s", heard.text);
}

/* ---- where it is found ---- */

static void *write_after_put(pond *p, ptrdiff_t offset)
{
    void *obj = culprit_gets(p);
    culprit_puts(p, obj);
    write_at(obj, offset);
    return obj;
}

/* `fast` has the quick ways, the others have not. */
static const char *const words[] = {"redzone,stacks=1,log", "fast,log", "redzone,poison,stacks=1,log",
                                    "full,stacks=1,guard=1/1000000000,log"};
#define WORDS (sizeof(words) / sizeof(words[0]))

Test(zones, written_after_put_and_found_at_get)
{
    for (size_t i = 0; i < WORDS; i++) {
        listen_to(&heard, words[i]);
        pond *p = make((pond_options){.align = 1});
        void *obj = write_after_put(p, SIZE);
        void *again = innocent_gets(p);
        cr_assert_eq(again, obj);
        HEARD(heard, 0, "redzone",
              "overflow after put: 1 byte behind the object was written by whoever still has the pointer, "
              "seen at the "
              "next get");
        expect_culprit(obj);
        cr_assert(heard.offset == SIZE && heard.size == 1);
        pond_put(p, again);
        cr_assert_eq(pond_destroy(p), 0);
        cr_assert_eq(heard.count, 1, "the zone is whole again: %s", heard.text);
    }
}

Test(zones, written_after_put_and_found_at_a_tick)
{
    for (size_t i = 0; i < WORDS; i++) {
        listen_to(&heard, words[i]);
        pond *p = make((pond_options){.min_idle = 1});
        void *obj = write_after_put(p, -3);
        pond_rotate(p);
        HEARD(heard, 0, "redzone",
              "underflow after put: 1 byte in front of the object was written by whoever still has the "
              "pointer, seen at "
              "a tick");
        expect_culprit(obj);
        pond_rotate(p);
        pond_put(p, innocent_gets(p));
        cr_assert_eq(pond_destroy(p), 0);
        cr_assert_eq(heard.count, 1, "%s", heard.text);
    }
}

Test(zones, written_after_put_and_found_when_it_is_dropped)
{
    for (size_t i = 0; i < 2 * WORDS; i++) {
        listen_to(&heard, words[i / 2]);
        pond *p = make((pond_options){.align = 8});
        void *obj = write_after_put(p, SIZE + 2);
        if (i % 2 == 0)
            (void)pond_trim(p);
        cr_assert_eq(pond_destroy(p), 0);
        HEARD(heard, 0, "redzone", "by whoever still has the pointer, seen when it was dropped");
        expect_culprit(obj);
    }
}

/* In the hands of its user: at put, and at pond_discard. */
Test(zones, written_before_put_is_the_users)
{
    for (size_t i = 0; i < WORDS; i++) {
        listen_to(&heard, words[i]);
        pond *p = make((pond_options){.align = 1});
        void *obj = culprit_gets(p);
        write_at(obj, SIZE);
        culprit_puts(p, obj);
        HEARD(heard, 0, "redzone", "overflow: 1 byte behind the object was written");
        cr_assert_null(strstr(heard.what, "after put"));
        cr_assert_str_eq(heard.stacks[0].role, "put here");
        cr_assert(is_in(heard.stacks[0].first, (uintptr_t)culprit_puts), "%s", heard.text);
        obj = culprit_gets(p);
        write_at(obj, -1);
        pond_discard(p, obj);
        HEARD(heard, 1, "redzone", "underflow: 1 byte in front of the object was written");
        cr_assert_eq(pond_destroy(p), 0);
        cr_assert_eq(heard.count, 2, "%s", heard.text);
    }
}

static bool reset_overflows(void *obj, void *ctx)
{
    (void)ctx;
    write_at(obj, SIZE + 1);
    return true;
}

Test(zones, written_by_the_reset_hook)
{
    listen_to(&heard, "redzone,stacks=1,log");
    pond *p = make((pond_options){.reset = reset_overflows});
    void *obj = culprit_gets(p);
    culprit_puts(p, obj);
    HEARD(heard, 0, "redzone", "1 byte behind the object was written by a hook of its put");
    cr_assert(is_in(heard.stacks[0].first, (uintptr_t)culprit_puts), "%s", heard.text);
    pond_rotate(p);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
}

/* Nobody has got it since it was made: the one who found it is all that can be told. */
Test(zones, written_before_the_first_get)
{
    listen_to(&heard, "redzone,stacks=1,log");
    pond *p = make((pond_options){.align = 1});
    void *obj = culprit_gets(p);
    cr_assert_eq(pond_reserve(p, 1), 1);
    size_t stride = test_stats(p).object_bytes;
    write_at(obj, (ptrdiff_t)stride + SIZE);
    write_at(obj, (ptrdiff_t)stride + SIZE + 15);
    pond_rotate(p);
    HEARD(heard, 0, "redzone",
          "overflow while it was idle: 16 bytes behind the object were written, seen at a tick");
    cr_assert_eq(heard.stack_count, 1, "%s", heard.text);
    cr_assert_str_eq(heard.stacks[0].role, "found here");
    culprit_puts(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- the last who had it ---- */

static void *get_and_put(void *p)
{
    void *obj = innocent_gets(p);
    pond_put(p, obj);
    return NULL;
}

Test(zones, another_thread_had_it_before_the_culprit)
{
    listen_to(&heard, "fast,log");
    pond *p = make((pond_options){.align = 1});
    thread_run(get_and_put, p);
    void *obj = write_after_put(p, SIZE);
    uint32_t before = heard.count;
    thread_run(get_and_put, p);
    if (heard.count == before) /* the culprit's cache has it still */
        pond_put(p, innocent_gets(p));
    HEARD(heard, 0, "redzone", "overflow after put");
    expect_culprit(obj);
    cr_assert_eq(pond_destroy(p), 0);
}

/* What one has written while the word was off, the next one who puts the object is not told. */
Test(zones, the_next_user_is_not_named_for_what_was_written_while_the_word_was_off)
{
    listen_to(&heard, "redzone,stacks=1,log");
    pond *p = make((pond_options){.align = 1});
    must(pond_debug_set("double,stacks=1,log") == 0, "errno %d", errno);
    void *obj = culprit_gets(p);
    write_at(obj, SIZE);
    culprit_puts(p, obj);
    must(pond_debug_set("redzone,stacks=1,log") == 0, "errno %d", errno);
    pond_rotate(p);
    pond_put(p, innocent_gets(p));
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* More than one tick reports: the others at the next ones, and none twice. */
Test(zones, many_are_found_by_and_by)
{
    void *objs[40];
    listen_to(&heard, "redzone,stacks=0,log");
    pond *p = make((pond_options){.min_idle = 40});
    test_get(p, objs, 40);
    pond_put_many(p, objs, 40);
    for (int i = 0; i < 40; i++)
        write_at(objs[i], i % 2 == 0 ? SIZE : -1);
    for (int i = 0; i < 10; i++)
        pond_rotate(p);
    cr_assert_eq(pond_report_count(), 40);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_report_count(), 40);
}

/* ---- what is right ---- */

static bool reset_clears(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, SIZE);
    return true;
}

static pond *shared;

static void use_to_the_last_byte(unsigned index, void *arg)
{
    void *objs[20];
    (void)arg;
    for (int i = 0; i < TEST_TIMES(2000); i++) {
        for (int k = 0; k < 20; k++) {
            objs[k] = pond_get(shared);
            must(objs[k] != NULL, "errno %d", errno);
            memset(objs[k], (int)index + 1, SIZE);
        }
        for (int k = 0; k < 20; k++)
            pond_put(shared, objs[k]);
        if (i % 50 == (int)index)
            pond_rotate(shared);
    }
}

/* Ticks look at what other threads get and put meanwhile. */
Test(zones, right_programs_are_not_reported)
{
    static const pond_options kinds[] = {{.align = 1},
                                         {.align = 64},
                                         {.reset = reset_clears},
                                         {.flags = POND_ZERO_ON_PUT, .min_idle = 30},
                                         {.max_objects = 61},
                                         {.max_idle_bytes = 1000}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        listen_to(&heard, words[i % WORDS]);
        shared = make(kinds[i]);
        crew_run(3, use_to_the_last_byte, NULL);
        cr_assert_eq(pond_destroy(shared), 0);
        cr_assert_eq(heard.count, 0, "%s", heard.text);
    }
}
