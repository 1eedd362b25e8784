/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
/*
 * word@pond: a word is on for ponds of that name, and others are as without words: nothing that they do is
 * looked at, and they keep their fast path.
 */
#include "test.h"

#include "../../src/check/guard.h"
#include "../../src/check/words.h"
#include "../misuse/heard.h"

TestSuite(named, .timeout = TEST_ALARM);

static struct heard heard;

static pond *make_named(const char *name)
{
    return test_pond((pond_options){.name = name, .size = 64});
}

static void *get(pond *p)
{
    void *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    return obj;
}

/* Whether a write after put is found at the next get. */
static bool finds_writes(pond *p)
{
    unsigned before = heard.count;
    unsigned char *obj = get(p);
    pond_put(p, obj);
    obj[40] ^= 1;
    pond_put(p, get(p));
    cr_assert(heard.count == before || strcmp(heard.word, "poison") == 0, "%s", heard.text);
    return heard.count != before;
}

static bool has_zones(const pond *p)
{
    return p->front_bytes > 0;
}

/* ---- whose words they are ---- */

Test(named, ponds_of_the_name_alone)
{
    listen_to(&heard, "");
    pond *before = make_named("conns"), *other = make_named("users");
    cr_assert_eq(pond_debug_set("poison@conns"), 0);
    pond *later = make_named("conns"), *another = make_named("connss");
    cr_assert(finds_writes(before) && finds_writes(later));
    cr_assert_not(finds_writes(other) || finds_writes(another));
    cr_assert_null(watch_of(other));
    cr_assert_null(watch_of(another));
    cr_assert_eq(pond_debug_set("poison@users"), 0);
    cr_assert(finds_writes(other));
    cr_assert_not(finds_writes(before) || finds_writes(later) || finds_writes(another));
    cr_assert_eq(pond_debug_set(""), 0);
    cr_assert_null(watch_of(other));
}

Test(named, a_pattern_names_many)
{
    listen_to(&heard, "poison@conn[a-c]*,poison@user?,-poison@conna");
    static const struct {
        const char *name;
        bool found;
    } ponds[] = {{"connb", true}, {"conn", false}, {"connbees", true}, {"conna", false},
                 {"users", true}, {"user", false}, {"users2", false},  {"Users", false}};
    for (size_t i = 0; i < sizeof ponds / sizeof *ponds; i++)
        cr_assert_eq(finds_writes(make_named(ponds[i].name)), ponds[i].found, "%s", ponds[i].name);
}

/* What is said of a name counts after what is said of all, wherever it stands. */
Test(named, a_name_counts_more_than_all)
{
    listen_to(&heard, "-poison@conns,poison,double");
    pond *conns = make_named("conns"), *users = make_named("users");
    cr_assert_not(finds_writes(conns));
    cr_assert(finds_writes(users));
    void *obj = get(conns);
    pond_put(conns, obj);
    unsigned before = heard.count;
    pond_put(conns, obj);
    HEARD(heard, before, "double", "double put");
    cr_assert_not_null(strstr(heard.text, "    words: double\n"), "the pond's own: %s", heard.text);
}

Test(named, red_zones_are_for_ponds_of_the_name)
{
    listen_to(&heard, "fast@conns");
    pond *conns = make_named("conns"), *users = make_named("users");
    cr_assert(has_zones(conns) && (!has_zones(users) || check_tools()));
    char *obj = get(conns);
    obj[64] = 1;
    pond_put(conns, obj);
    HEARD(heard, 0, "redzone", "overflow: 1 byte behind the object was written");
}

/* ---- values ---- */

Test(named, each_name_has_values_of_its_own)
{
    listen_to(&heard, "hold=1,hold=3@jobs,stacks=0@jobs");
    pond *jobs = make_named("jobs"), *others = make_named("others");
    void *job = get(jobs), *other = get(others);
    for (int tick = 1; tick <= 4; tick++) {
        (void)pond_epoch_advance();
        cr_assert_eq(heard.count, (unsigned)(tick >= 2) + (unsigned)(tick >= 4), "tick %d: %s", tick,
                     heard.text);
    }
    cr_assert_eq(heard.object, job);
    cr_assert_not_null(strstr(heard.what, "live for 4 epochs"), "%s", heard.what);
    cr_assert_eq(heard.stacks[0].count, 0, "stacks=0");
    pond_put(jobs, job);
    pond_put(others, other);
}

static size_t count_guarded(pond *p, size_t gets)
{
    size_t count = 0;
    for (size_t i = 0; i < gets; i++) {
        void *obj = get(p);
        count += guard_owns(obj);
        pond_put(p, obj);
    }
    return count;
}

Test(named, one_get_in_n_by_name)
{
    listen_to(&heard, "guard=2@often,guard=1/1000@seldom,guard@all");
    pond *often = make_named("often"), *seldom = make_named("seldom"), *all = make_named("all");
    pond *never = make_named("never");
    size_t some = 0, few = 0;
    for (int i = 0; i < 2000; i++) {
        some += count_guarded(often, 1);
        few += count_guarded(seldom, 1);
        cr_assert_eq(count_guarded(all, 1), 1);
        cr_assert_eq(count_guarded(never, 1), 0);
    }
    cr_assert(some > 700 && some < 1400, "%zu", some);
    cr_assert_leq(few, 20);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* A guarded pond has its caches emptied by nobody; and beside records the same countdown goes on. */
Test(named, guard_beside_records)
{
    listen_to(&heard, "double@often,guard=1/50@often,guard=1/50@plain");
    pond *often = make_named("often"), *plain = make_named("plain");
    size_t a = count_guarded(often, 20000), b = count_guarded(plain, 20000);
    cr_assert(a > 320 && a < 480, "%zu with records", a);
    cr_assert(b > 320 && b < 480, "%zu without", b);
}

Test(named, gets_fail_by_name)
{
    listen_to(&heard, "fail=1000@conns");
    pond *conns = make_named("conns"), *users = make_named("users");
    cr_assert_null(pond_get(conns));
    cr_assert_eq(errno, ENOMEM);
    pond_put(users, get(users));
}

/* ---- what is about no single pond ---- */

static pond *inner;
static uint64_t ticked;

static bool tick_in_hook(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    ticked = pond_rotate(inner);
    return true;
}

/* A hook must not tick. Of a pond without words that is neither reported nor refused, as without words. */
Test(named, hooks_of_other_ponds_are_as_without_words)
{
    listen_to(&heard, "double@watched");
    pond *outer = test_pond((pond_options){.name = "outer", .size = 64, .reset = tick_in_hook});
    inner = make_named("inner");
    pond_put(outer, get(outer));
    cr_assert_eq(ticked, 1);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    inner = make_named("watched");
    pond_put(outer, get(outer));
    cr_assert_eq(ticked, 0);
    HEARD(heard, 0, "hook", "pond_rotate is called in a hook");
}

Test(named, chaos_by_name_delays_no_tick)
{
    listen_to(&heard, "chaos=1@conns");
    (void)make_named("conns");
    uint64_t first = pond_epoch_advance();
    for (uint64_t i = 1; i < 200; i++)
        cr_assert_eq(pond_epoch_advance(), first + i);
}

/* ---- ponds that no word names ---- */

#define PLAIN_WORDS "full@watched*,bypass@watched,audit@watched,-leak@users*"

/* Their lines are open: gets and puts are served where they are counted by the fast path alone. */
static bool line_is_open(pond *p)
{
    uintptr_t base = pond_line(p)->base;
    return base != 0 && base != UINTPTR_MAX;
}

static bool serves_fast(pond *p)
{
    pond_put(p, get(p));
    pond_put(p, get(p));
    return line_is_open(p);
}

#if defined(TEST_ASAN) || defined(TEST_TSAN)
#define LIBRARY_IS_PLAIN (!check_tools())
#else
#define LIBRARY_IS_PLAIN true
#endif

Test(named, other_ponds_keep_their_fast_path)
{
    listen_to(&heard, "");
    pond *before = make_named("users"), *watched = make_named("watched");
    if (!LIBRARY_IS_PLAIN || !serves_fast(before))
        cr_skip("a tool is told of every operation, or there is no membarrier");
    cr_assert(serves_fast(watched));
    cr_assert_eq(pond_debug_set(PLAIN_WORDS), 0);
    pond *later = make_named("users too");
    cr_assert(serves_fast(before) && serves_fast(later));
    cr_assert_not(serves_fast(watched));
    cr_assert_eq(pond_debug_set("guard=1/1000@users*"), 0);
    cr_assert_not(serves_fast(before) || serves_fast(later));
    cr_assert(serves_fast(watched));
    cr_assert_eq(pond_debug_set("double"), 0);
    cr_assert_not(serves_fast(watched) || serves_fast(before));
    cr_assert_eq(pond_debug_set(""), 0);
    cr_assert(serves_fast(before) && serves_fast(later) && serves_fast(watched));
}
