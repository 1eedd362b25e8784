/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object -Wno-array-bounds
// link: -Wno-stringop-overflow -Wno-mismatched-dealloc
/* pond_audit and the word audit: all objects of a pond looked at now, with words and without. */
#include "test.h"

#include "../../src/check/guard.h"
#include "../../src/check/words.h"
#include "../misuse/heard.h"
#include "threads.h"

#include <stdlib.h>
#include <unistd.h>

TestSuite(audit, .timeout = TEST_ALARM);

static struct heard heard;

static pond *make_named(const char *name)
{
    return test_pond((pond_options){.name = name, .size = 64});
}

static char *get(pond *p)
{
    char *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    return obj;
}

static void flip(volatile char *at)
{
    *at = (char)(*at ^ 1);
}

#define EXPECT_ROLE(number, said)                                                                            \
    cr_assert_str_eq(heard.stacks[number].role, said, "stack %d: %s", number, heard.text)

/* One more report since this many, and one more finding than none. */
#define AUDIT_FINDS(p, before, word, part)                                                                   \
    do {                                                                                                     \
        cr_assert_eq(pond_audit(p), 1);                                                                      \
        HEARD(heard, before, word, part);                                                                    \
    } while (0)

/* ---- bytes ---- */

Test(audit, a_live_object_s_zones)
{
    listen_to(&heard, "redzone");
    pond *p = make_named("conns");
    char *a = get(p), *b = get(p);
    pond_put(p, get(p));
    cr_assert_eq(pond_audit(p), 0);
    flip(a + 66);
    AUDIT_FINDS(p, 0, "redzone", "overflow: 1 byte behind the object was written, seen by an audit");
    cr_assert(heard.object == a && heard.offset == 66 && heard.stack_count == 2, "%s", heard.text);
    EXPECT_ROLE(0, "found here");
    EXPECT_ROLE(1, "got");
    flip(b - 2);
    AUDIT_FINDS(p, 1, "redzone", "underflow: 1 byte in front of the object was written, seen by an audit");
    cr_assert_eq(pond_audit(p), 0, "it is put right");
    flip(a - 1);
    flip(a + 64);
    cr_assert_eq(pond_audit(p), 2, "on both sides");
    pond_put(p, a);
    pond_put(p, b);
    cr_assert_eq(heard.count, 4, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(audit, an_idle_object_s_zones)
{
    listen_to(&heard, "redzone");
    pond *p = make_named("conns");
    char *a = get(p);
    pond_put(p, a);
    flip(a + 64);
    AUDIT_FINDS(p, 0, "redzone",
                "overflow after put: 1 byte behind the object was written by whoever still has the pointer, "
                "seen by an audit");
    EXPECT_ROLE(0, "put");
    EXPECT_ROLE(1, "got");
    cr_assert_eq(pond_audit(p), 0);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
}

Test(audit, poison_of_idle_objects)
{
    listen_to(&heard, "poison");
    pond *p = make_named("conns");
    char *a = get(p), *b = get(p);
    pond_put(p, a);
    flip(b + 3);
    flip(a + 40);
    AUDIT_FINDS(p, 0, "poison", "written after put: 1 byte at offset 40");
    EXPECT_ROLE(0, "found here");
    EXPECT_ROLE(1, "put");
    EXPECT_ROLE(2, "got");
    cr_assert_eq(pond_audit(p), 0);
    pond_put(p, b);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
}

Test(audit, what_lies_next_to_guarded_objects)
{
    listen_to(&heard, "guard");
    pond *p = test_pond((pond_options){.name = "guarded", .size = 60, .align = 64});
    char *a = get(p);
    must(guard_owns(a), "not guarded");
    cr_assert_eq(pond_audit(p), 0);
    flip(a + 61);
    AUDIT_FINDS(p, 0, "guard", "write of 1 byte behind the object, seen by an audit");
    EXPECT_ROLE(0, "found here");
    EXPECT_ROLE(1, "got");
    cr_assert_eq(pond_audit(p), 0);
    pond_put(p, a);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
}

/* More than an audit notes at once. */
Test(audit, each_of_many_is_counted)
{
    enum { MANY = 700 };
    static void *objs[MANY];
    listen_to(&heard, "redzone,poison,stacks=0");
    pond *p = make_named("conns");
    test_get(p, objs, MANY);
    for (int i = 0; i < MANY; i++)
        flip((char *)objs[i] + 64);
    cr_assert_eq(pond_audit(p), MANY);
    pond_put_many(p, objs, MANY);
    cr_assert_eq(heard.count, MANY, "%s", heard.text);
    for (int i = 0; i < MANY; i++)
        flip((char *)objs[i]);
    cr_assert_eq(pond_audit(p), MANY);
    cr_assert_eq(pond_audit(p), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- states, without words: in a child, for such a pond is not to be used any more ---- */

static void *twice;

static void put_it(void *p)
{
    pond_put(p, twice);
}

/* What was reported before from the same place is counted, and not reported again. */
static void expect_wrong(pond *p, size_t count, const char *what)
{
    uint64_t before = pond_report_count();
    must(pond_audit(p) == count, "%s", what);
    must(pond_report_count() == before + count, "%s", what);
    must(strcmp(heard.word, "audit") == 0 && strstr(heard.what, what) != NULL, "%s is not in: %s", what,
         heard.text);
    must(strcmp(heard.stacks[0].role, "found here") == 0, "%s", heard.text);
}

static void put_twice_here(void *unused)
{
    (void)unused;
    pond *p = make_named("conns");
    twice = get(p);
    pond_put(p, get(p));
    pond_put(p, twice);
    pond_put(p, twice);
    expect_wrong(p, 1, "an object is idle twice");
    must(strstr(heard.advice, "double") != NULL, "%s", heard.advice);
    _exit(0);
}

/* In caches of two threads; in the depot; among victims; kept by min_idle. */
static void put_twice_everywhere(void *unused)
{
    (void)unused;
    pond *p = test_pond((pond_options){.name = "kept", .size = 64, .min_idle = 4});
    worker *other = worker_start();
    twice = get(p);
    worker_do(other, put_it, p);
    pond_put(p, twice);
    for (int i = 0; i < 4; i++) {
        expect_wrong(p, 1, "an object is idle twice");
        pond_rotate(p);
    }
    _exit(0);
}

static void put_by_a_full_pond(void *unused)
{
    (void)unused;
    pond *p = test_pond((pond_options){.name = "exact", .size = 64, .max_idle_bytes = 1000});
    twice = get(p);
    pond_put(p, twice);
    pond_put(p, twice);
    expect_wrong(p, 1, "an object is idle twice");
    _exit(0);
}

static void put_into_another(void *unused)
{
    (void)unused;
    pond *conns = make_named("conns"), *users = make_named("users");
    pond_put(conns, get(conns));
    pond_put(conns, get(users));
    expect_wrong(conns, 1, "an object of pond \"users\" is idle in pond \"conns\"");
    must(strstr(heard.advice, "tag") != NULL, "%s", heard.advice);
    must(pond_audit(users) == 0, "users");
    must(pond_audit(NULL) == 1, "all");
    _exit(0);
}

static void put_no_object(void *unused)
{
    static char memory[128] __attribute__((aligned(64)));
    (void)unused;
    pond *p = make_named("conns");
    char *obj = get(p);
    pond_put(p, obj + 8);
    expect_wrong(p, 1, "what is idle is no object of any pond");
    pond_put(p, memory);
    expect_wrong(p, 2, "what is idle is no object of any pond");
    _exit(0);
}

static void put_what_was_dropped(void *unused)
{
    (void)unused;
    pond *p = make_named("conns");
    char *obj = get(p), *other = get(p);
    pond_discard(p, obj);
    pond_put(p, obj);
    expect_wrong(p, 1, "an object is idle that was dropped");
    pond_put(p, other);
    _exit(0);
}

static void put_twice_and_get_one(void *unused)
{
    (void)unused;
    pond *p = make_named("conns");
    twice = get(p);
    pond_put(p, twice);
    pond_put(p, twice);
    must(pond_debug_set("double") == 0, "errno %d", errno);
    (void)get(p);
    expect_wrong(p, 1, "an object is idle and live at once");
    _exit(0);
}

static void put_created_twice(void *unused);

static const struct unwatched {
    const char *name;
    void (*body)(void *unused);
} unwatched[] = {{"here", put_twice_here},        {"everywhere", put_twice_everywhere},
                 {"exact", put_by_a_full_pond},   {"another", put_into_another},
                 {"no object", put_no_object},    {"dropped", put_what_was_dropped},
                 {"live", put_twice_and_get_one}, {"created", put_created_twice}};

Test(audit, what_went_wrong_before_any_word_was_on)
{
    listen_to(&heard, "");
    if (check_tools())
        cr_skip("a tool is told of every operation: nothing goes wrong unseen");
    for (size_t i = 0; i < sizeof unwatched / sizeof *unwatched; i++) {
        fprintf(stderr, "%s\n", unwatched[i].name);
        test_in_child(unwatched[i].body, NULL);
    }
}

/* ---- right programs ---- */

static void *create(void *ctx)
{
    (void)ctx;
    return malloc(40);
}

static void destroy_created(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 100;
}

static const pond_options kinds[] = {
    {.name = "plain", .size = 64},
    {.name = "large", .size = 40000},
    {.name = "created", .create = create, .destroy = destroy_created},
    {.name = "exact", .size = 100, .footprint = footprint, .max_idle_bytes = 100000},
    {.name = "bounded", .size = 64, .max_objects = 40, .min_idle = 10, .max_age = 3},
    {.name = "one each", .size = 8, .cache_objects = 1},
};

#define KINDS (sizeof kinds / sizeof *kinds)

static void put_created_twice(void *unused)
{
    (void)unused;
    pond *p = test_pond(kinds[2]);
    twice = get(p);
    pond_put(p, twice);
    pond_put(p, twice);
    expect_wrong(p, 1, "an object is idle twice");
    _exit(0);
}

static void use_and_audit(pond *p, worker *other)
{
    void *objs[20];
    for (int i = 0; i < 6; i++) {
        test_get(p, objs, 20);
        cr_assert_eq(pond_audit(p), 0, "%s", heard.text);
        pond_put_many(p, objs, 10);
        cr_assert_eq(pond_audit(p), 0, "%s", heard.text);
        pond_put_many(p, objs + 10, 10);
        twice = get(p);
        worker_do(other, put_it, p);
        cr_assert_eq(pond_audit(NULL), 0, "%s", heard.text);
        pond_rotate(p);
    }
}

Test(audit, right_programs_are_silent)
{
    static const char *const words[] = {"",      "double", "poison,redzone", "full",         "guard",
                                        "audit", "bypass", "audit,full",     "audit,chaos=2"};
    listen_to(&heard, "");
    worker *other = worker_start();
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        for (size_t k = 0; k < KINDS; k++) {
            must(pond_debug_set(words[w]) == 0, "errno %d", errno);
            pond *p = test_pond(kinds[k]);
            use_and_audit(p, other);
            must(pond_debug_set(words[(w + 3) % 9]) == 0, "errno %d", errno);
            use_and_audit(p, other);
            cr_assert_eq(pond_destroy(p), 0, "%s of %s", words[w], kinds[k].name);
        }
    worker_end(other);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_report_count(), 0);
}

/* ---- the word ---- */

Test(audit, at_each_tick_of_the_ponds_it_is_on_for)
{
    listen_to(&heard, "redzone,audit@conns");
    pond *conns = make_named("conns"), *users = make_named("users");
    char *conn = get(conns), *user = get(users);
    flip(conn + 64);
    flip(user + 64);
    (void)pond_epoch_advance();
    HEARD(heard, 0, "redzone", "overflow: 1 byte behind the object was written, seen by an audit");
    cr_assert_eq(heard.object, conn);
    flip(conn + 65);
    pond_rotate(users);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
    pond_rotate(conns);
    HEARD(heard, 1, "redzone", "overflow: 1 byte behind the object was written, seen by an audit");
    pond_put(users, user);
    HEARD(heard, 2, "redzone", "overflow: 1 byte behind the object was written");
    pond_put(conns, conn);
    cr_assert_eq(heard.count, 3, "%s", heard.text);
}

/* ---- refused ---- */

static pond *inner;
static size_t in_hook = 1;
static int error_in_hook;

static bool audit_in_hook(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    errno = 0;
    in_hook = pond_audit(inner);
    error_in_hook = errno;
    return true;
}

Test(audit, not_in_a_hook_nor_of_a_pond_that_is_gone)
{
    listen_to(&heard, "double");
    pond *p = test_pond((pond_options){.name = "outer", .size = 64, .reset = audit_in_hook});
    inner = make_named("inner");
    pond_put(p, get(p));
    cr_assert(in_hook == 0 && error_in_hook == EDEADLK);
    HEARD(heard, 0, "hook", "pond_audit is called in a hook");
    cr_assert_eq(pond_destroy(inner), 0);
    errno = 0;
    cr_assert_eq(pond_audit(inner), 0);
    cr_assert_eq(errno, EINVAL);
    HEARD(heard, 1, "destroyed", "pond_audit of a destroyed pond");
}
