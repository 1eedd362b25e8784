/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence
// link: -Wl,-T,test/support/library_text.ld
/*
 * A signal interrupts a call at each of its instructions in turn, and the handler calls the library on the
 * same thread. Whether it is served or refused, nothing hangs, no object is in two hands, and the counts are
 * right. With a word on what is refused is reported. Not in debug: the test sets its words itself, so that
 * variant would only add assertions. It can be run there by hand.
 */
#include "test.h"

#include "stepper.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(interrupted, .timeout = 3 * TEST_ALARM);

#if STEPPER_WORKS

/* The variants share the instructions of long calls between them; with POND_STEP=all each has all of them. */
#if defined(POND_FENCE)
enum { SHARE = 1 };
#else
enum { SHARE = 0 };
#endif

enum { HANDS = 16, MOST_PLACES = 1 << 14, VARIANTS = 2, FEW = 100 };

static pond *letters;
static void *hands[HANDS]; /* objects that the program has */
static void *brought;      /* by a get in the handler */
static pond *late;         /* made in the handler, which could not destroy it in a hook */
static unsigned refused, told;
static const char *about_call = "", *about_handler = "";
static size_t about_at;

/* must, and where it was. */
#define right(condition, text)                                                                               \
    must(condition, text ": %s in %s, at %zu; errno %d", about_handler, about_call, about_at, errno)
static bool word_is_on;

/* ---- what the handler does ---- */

static void expect_told(unsigned before)
{
    right(!word_is_on || told > before, "it was refused, and not reported");
    refused++;
}

static void handler_get(void)
{
    unsigned before = told;
    errno = 0;
    brought = pond_get(letters);
    if (brought != NULL)
        return;
    right(errno == EDEADLK, "it was refused for another reason");
    expect_told(before);
}

static void handler_get_many(void)
{
    unsigned before = told;
    if (pond_get_many(letters, &brought, 1) == 0)
        expect_told(before);
}

static void handler_put(void)
{
    unsigned before = told;
    pond_put(letters, hands[HANDS - 1]);
    if (told > before)
        refused++;
    else
        hands[HANDS - 1] = NULL;
}

static void handler_discard(void)
{
    unsigned before = told;
    pond_discard(letters, hands[HANDS - 1]);
    if (told > before)
        refused++;
    else
        hands[HANDS - 1] = NULL;
}

static void handler_tick(void)
{
    unsigned before = told;
    uint64_t epoch = pond_epoch_advance();
    errno = 0;
    if (pond_epoch_advance() <= epoch && errno == EDEADLK)
        expect_told(before);
}

static void handler_trim(void)
{
    unsigned before = told;
    errno = 0;
    (void)pond_trim(letters);
    if (errno == EDEADLK)
        expect_told(before);
}

static void handler_stats(void)
{
    unsigned before = told;
    pond_stats s;
    errno = 0;
    pond_stats_read(letters, &s);
    if (errno == EDEADLK)
        expect_told(before);
}

static void handler_audit(void)
{
    unsigned before = told;
    errno = 0;
    must(pond_audit(letters) == 0, "an audit found something");
    if (errno == EDEADLK)
        expect_told(before);
}

static void handler_create(void)
{
    unsigned before = told;
    late = pond_create(&(pond_options){.name = "late", .size = 16});
    if (late != NULL && pond_destroy(late) == 0)
        late = NULL;
    else
        expect_told(before);
}

/* To call exec, for the library may be in the middle of anything in the child. */
static void handler_fork(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    must(child > 0 && waitpid(child, &status, 0) == child && status == 0, "errno %d", errno);
    refused++; /* whether the library took part in it cannot be told */
}

static void handler_words(void)
{
    unsigned before = told;
    char text[64];
    if (word_is_on && pond_debug_get(text, sizeof text) == 0)
        expect_told(before);
}

static void handler_profile(void)
{
    unsigned before = told;
    errno = 0;
    if (pond_profile_set("off") != 0 && errno == EDEADLK)
        expect_told(before);
}

/* ---- what is interrupted ---- */

static void take(void *obj)
{
    size_t i = 0;
    right(obj != NULL, "there is no object");
    while (i < HANDS && hands[i] != NULL)
        right(hands[i++] != obj, "an object is in two hands");
    must(i < HANDS, "no hand is free");
    hands[i] = obj;
}

static void *give(void)
{
    void *obj = hands[0];
    memmove(hands, hands + 1, (HANDS - 2) * sizeof *hands);
    hands[HANDS - 2] = NULL;
    return obj;
}

static void do_get(void)
{
    take(pond_get(letters));
}

static void do_put(void)
{
    pond_put(letters, give());
}

static void do_many(void)
{
    void *some[3];
    must(pond_get_many(letters, some, 3) == 3, "errno %d", errno);
    for (size_t i = 0; i < 3; i++)
        take(some[i]);
    for (size_t i = 0; i < 3; i++)
        some[i] = give();
    pond_put_many(letters, some, 3);
}

static void do_discard(void)
{
    pond_discard(letters, give());
}

static void do_reserve(void)
{
    must(pond_reserve(letters, 4) >= 4, "errno %d", errno);
}

static void do_tick(void)
{
    (void)pond_epoch_advance();
}

static void do_rotate(void)
{
    (void)pond_rotate(letters);
}

static void do_trim(void)
{
    (void)pond_trim(NULL);
    (void)pond_trim_to(0);
}

static void do_stats(void)
{
    pond_stats s;
    pond_stats_read(letters, &s);
}

static void do_audit(void)
{
    must(pond_audit(NULL) == 0, "an audit found something");
}

/* Limits that are set, and read, by calls that take locks; and gets other than pond_get. */
static void do_limits(void)
{
    const pond_limits l = {.min_idle = 2};
    must(pond_limits_set(letters, &l) == 0, "errno %d", errno);
}

static void do_others(void)
{
    take(pond_get_wait(letters, -1));
    pond_put_from(letters, give(), NULL);
    void *idle = pond_get_idle(letters);
    if (idle != NULL)
        take(idle);
    take(pond_get_from(letters, NULL));
    pond_put(letters, give());
    if (idle != NULL)
        pond_put(letters, give());
}

static void do_find(void)
{
    must(pond_find("letters") == letters && pond_of(&letters) == NULL, "errno %d", errno);
}

static void do_create(void)
{
    pond *p = pond_create(&(pond_options){.name = "more", .size = 16});
    must(p != NULL && pond_destroy(p) == 0, "errno %d", errno);
}

/* All of its gets are sampled, the lines of threads closed; and off again. */
static void do_profile(void)
{
    must(pond_profile_set("rate=1") == 0, "errno %d", errno);
    take(pond_get(letters));
    must(pond_profile_set("off") == 0, "errno %d", errno);
    pond_put(letters, give());
}

static int row_seen(const pond_profile_row *row, void *ctx)
{
    (void)row, (void)ctx;
    return 0;
}

static void do_rows(void)
{
    must(pond_profile_each(row_seen, NULL) == 0, "errno %d", errno);
}

typedef struct call {
    const char *name;
    void (*act)(void);
} call;

/* ---- the interruption ---- */

static place places[MOST_PLACES];

static size_t find_places(const call *c)
{
    size_t steps;
    stepper_find(places, MOST_PLACES, 2);
    stepper_begin();
    c->act();
    stepper_end();
    size_t n = stepper_found(&steps);
    must(n > 10 && n < MOST_PLACES, "%s: %zu instructions", c->name, n);
    return n;
}

static void interrupt(const call *interrupted, const call *handler, size_t at)
{
    about_call = interrupted->name;
    about_handler = handler->name;
    about_at = at;
    brought = NULL;
    stepper_interrupt_at(places[at], handler->act);
    stepper_begin();
    interrupted->act();
    stepper_end();
}

/* ---- all of it ---- */

static void note(const pond_report *r, void *ctx)
{
    (void)ctx;
    must(strcmp(r->word, "signal") == 0 || strcmp(r->word, "hook") == 0, "%s", r->text);
    told++;
}

static void expect_counts(void)
{
    pond_stats s;
    uint64_t mine = 0, dropped = 0;
    pond_stats_read(letters, &s);
    for (size_t i = 0; i < HANDS; i++)
        mine += hands[i] != NULL;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        dropped += s.dropped[why];
    right(s.live == mine, "other objects are live than those in hands");
    right(s.constructed == s.live + s.idle_local + s.idle_shared + s.idle_victim + dropped,
          "objects are lost");
}

/* All idle objects and those in hands are different ones. */
static void expect_objects(void)
{
    void *all[64];
    size_t n = 0;
    pond_stats s;
    pond_stats_read(letters, &s);
    uint64_t idle = s.idle_local + s.idle_shared + s.idle_victim;
    must(idle <= 64, "%d idle", (int)idle);
    while (n < idle)
        right((all[n++] = pond_get(letters)) != NULL, "there are fewer objects than were counted");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < HANDS; k++)
            right(all[i] != hands[k] && (k >= i || all[i] != all[k]), "an object is in two places");
    pond_put_many(letters, all, n);
}

static void settle(void)
{
    if (brought != NULL)
        take(brought);
    brought = NULL;
    must(late == NULL || pond_destroy(late) == 0, "errno %d", errno);
    late = NULL;
    expect_counts();
    expect_objects();
    while (hands[4] != NULL)
        pond_put(letters, give());
    while (hands[3] == NULL)
        take(pond_get(letters));
    if (hands[HANDS - 1] == NULL)
        hands[HANDS - 1] = pond_get(letters);
}

static void interrupt_everywhere(const call *interrupted, const call *handler)
{
    settle();
    size_t n = find_places(interrupted);
    refused = 0;
    const bool all = getenv("POND_STEP") != NULL;
    for (size_t at = all || n < FEW ? 0 : SHARE; at < n; at += all || n < FEW ? 1 : VARIANTS) {
        settle();
        interrupt(interrupted, handler, at);
    }
    settle();
    must(refused > 3, "%s in %s: refused %u times in %zu", handler->name, interrupted->name, refused, n);
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, 8);
    return true;
}

struct kind {
    const char *words;
    pond_options options;
    const call *interrupted;
    size_t n;
    size_t handlers; /* the first so many; 0: all */
};

static const call quick[] = {
    {"get", do_get}, {"put", do_put}, {"many", do_many}, {"discard", do_discard}, {"others", do_others}};
static const call slow[] = {{"reserve", do_reserve}, {"tick", do_tick},   {"rotate", do_rotate},
                            {"trim", do_trim},       {"stats", do_stats}, {"create", do_create},
                            {"limits", do_limits},   {"find", do_find}};
static const call audits[] = {{"audit", do_audit}};
static const call profiles[] = {{"profile", do_profile}, {"rows", do_rows}};
static const call handlers[] = {
    {"profile", handler_profile}, {"stats", handler_stats},     {"tick", handler_tick},
    {"trim", handler_trim},       {"create", handler_create},   {"fork", handler_fork},
    {"audit", handler_audit},     {"words", handler_words},     {"get", handler_get},
    {"put", handler_put},         {"discard", handler_discard}, {"many", handler_get_many}};
enum { WITHOUT_WORDS = 7 }; /* of the handlers */

static void interrupt_kind(void *kind)
{
    const struct kind *k = kind;
    stepper_open();
    must(pond_debug_set(k->words) == 0, "errno %d", errno);
    pond_on_report(note, NULL);
    word_is_on = k->words[0] != '\0';
    const size_t all = word_is_on ? sizeof handlers / sizeof *handlers : WITHOUT_WORDS;
    const size_t most = k->handlers > 0 ? k->handlers : all;
    letters = pond_create(&k->options);
    must(letters != NULL, "errno %d", errno);
    for (size_t i = 0; i < k->n; i++)
        for (size_t h = 0; h < most; h++)
            interrupt_everywhere(&k->interrupted[i], &handlers[h]);
    must(word_is_on || told == 0, "reported without a word");
}

#define PLAIN                                                                                                \
    {                                                                                                        \
        .name = "letters", .size = 64, .cache_objects = 4                                                    \
    }
#define RESETS                                                                                               \
    {                                                                                                        \
        .name = "letters", .size = 64, .cache_objects = 4, .reset = reset                                    \
    }
#define QUICK quick, sizeof quick / sizeof *quick, 0
#define SLOW slow, sizeof slow / sizeof *slow, 0
#define HALF_OF_SLOW (sizeof slow / sizeof *slow / 2)

Test(interrupted, gets_and_puts_with_a_word_on)
{
    test_in_child(interrupt_kind, &(struct kind){"double,stacks=0", PLAIN, QUICK});
}

/* By the handlers that work without words. */
Test(interrupted, audits_with_a_word_on)
{
    test_in_child(interrupt_kind, &(struct kind){"double,stacks=0", PLAIN, audits, 1, WITHOUT_WORDS});
}

Test(interrupted, gets_and_puts_with_guard_alone)
{
    test_in_child(interrupt_kind, &(struct kind){"guard=1/1000,stacks=0", PLAIN, QUICK});
}

Test(interrupted, gets_and_puts_with_a_hook)
{
    test_in_child(interrupt_kind, &(struct kind){"double,poison,stacks=0", RESETS, QUICK});
}

Test(interrupted, reserve_and_ticks)
{
    test_in_child(interrupt_kind, &(struct kind){"double,stacks=0", PLAIN, slow, HALF_OF_SLOW, 0});
}

Test(interrupted, all_else_that_takes_long)
{
    test_in_child(interrupt_kind,
                  &(struct kind){"double,stacks=0", PLAIN, slow + HALF_OF_SLOW, HALF_OF_SLOW, 0});
}

/* They do much, at each instruction of which a handler would run. */
Test(interrupted, profiles)
{
    test_in_child(interrupt_kind, &(struct kind){"double,stacks=0", PLAIN, profiles, 2, 2});
}

Test(interrupted, ticks_without_words)
{
    test_in_child(interrupt_kind, &(struct kind){"", PLAIN, SLOW});
}

#else

Test(interrupted, needs_the_trap_flag_of_x86_64)
{
    cr_skip("needs the trap flag of x86-64");
}

#endif
