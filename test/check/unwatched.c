/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
/*
 * Words go off and on again, and meanwhile objects change hands, are dropped and made anew. What was known of
 * them before is not believed: nothing is reported of a program that is right.
 */
#include "test.h"

#include "../../src/check/guard.h"
#include "../../src/sampling.h"
#include "../misuse/heard.h"
#include "threads.h"

#include <pond/profile.h>
#include <pond/typed.h>
#include <setjmp.h>

TestSuite(unwatched, .timeout = TEST_ALARM);

enum { FEW = 8, HELD = 4, WORKERS = 2 };

static struct heard heard;

/* ---- ponds ---- */

struct conn {
    int id; /* construct gives each object another one, and reset leaves it */
    char token[20];
    size_t owned;
    struct conn *next;
};

POND_TYPE(conn_type, struct conn, POND_SENSITIVE(token), POND_POINTER(next));

static int construct(void *obj, void *ctx)
{
    static int ids;
    (void)ctx;
    ((struct conn *)obj)->id = ++ids;
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    struct conn *c = obj;
    (void)ctx;
    *c = (struct conn){.id = c->id};
    return true;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct conn *)obj)->owned;
}

/* What create makes comes from a stack of a few places, so that addresses soon come back. */
static struct conn places[8 * FEW];
static struct conn *free_places[8 * FEW];
static size_t free_count;

static void *create(void *ctx)
{
    (void)ctx;
    must(free_count > 0, "a place");
    return free_places[--free_count];
}

static void destroy_created(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free_places[free_count++] = obj;
}

static void free_all_places(void)
{
    for (free_count = 0; free_count < sizeof(places) / sizeof(places[0]); free_count++)
        free_places[free_count] = &places[free_count];
}

static const pond_options kinds[] = {
    {.name = "plain", .size = sizeof(struct conn)},
    {.name = "confined", .size = sizeof(struct conn), .flags = POND_THREAD_CONFINED},
    {.name = "reset", .type = &conn_type, .construct = construct, .reset = reset},
    {.name = "wiped", .type = &conn_type, .flags = POND_ZERO_ON_PUT | POND_THREAD_CONFINED},
    {.name = "footprint",
     .type = &conn_type,
     .reset = reset,
     .footprint = footprint,
     .max_footprint = 1000,
     .max_idle_bytes = 5000},
    {.name = "created", .create = create, .destroy = destroy_created, .reset = reset},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- threads that do what is right ---- */

static struct holder {
    worker *worker;
    pond *pond;
    void *held[HELD];
} holders[WORKERS];

static void use(struct conn *c)
{
    memset(c->token, 'x', sizeof(c->token));
    c->owned = 10;
    c->next = c;
}

static void clear(struct conn *c)
{
    memset(c->token, 0, sizeof(c->token));
    c->next = NULL;
}

static void take(void *arg)
{
    struct holder *h = arg;
    test_get(h->pond, h->held, HELD);
    for (int i = 0; i < HELD; i++)
        use(h->held[i]);
}

static void give(void *arg)
{
    struct holder *h = arg;
    for (int i = 0; i < HELD; i++) {
        clear(h->held[i]); /* for ponds without a reset hook */
        pond_put(h->pond, h->held[i]);
    }
}

static void take_and_give(void *arg)
{
    take(arg);
    give(arg);
}

static void all_do(void (*step)(void *), pond *p)
{
    for (int i = 0; i < WORKERS; i++) {
        holders[i].pond = p;
        worker_do(holders[i].worker, step, &holders[i]);
    }
}

/* Each thread's objects of before go to the others, those that were idle die, and new ones come in their
 * places. */
static void change_hands(pond *p)
{
    all_do(give, p);
    pond_rotate(p);
    all_do(take_and_give, p);
    (void)pond_trim(p);
    for (int i = WORKERS; i-- > 0;)
        worker_do(holders[i].worker, take, &holders[i]);
}

/* Objects that threads got before, while nobody watched. */
static void go_on(pond *p)
{
    pond_rotate(p);
    all_do(give, p);
    all_do(take_and_give, p);
    pond_rotate(p);
    all_do(take_and_give, p);
    (void)pond_trim(p);
    all_do(take_and_give, p);
}

static void switch_to(const char *words)
{
    must(pond_debug_set(words) == 0, "pond_debug_set(\"%s\"): errno %d", words, errno);
}

static void try_words(const char *first, const char *then, const pond_options *kind)
{
    free_all_places();
    switch_to(first);
    pond *p = test_pond(*kind);
    switch_to("");
    void *stays = pond_get(p); /* so that memory, and what is known of it, stays */
    switch_to(first);
    all_do(take_and_give, p);
    all_do(take, p);
    switch_to("");
    change_hands(p);
    switch_to(then);
    go_on(p);
    all_do(take, p);
    switch_to("");
    change_hands(p);
    switch_to(first);
    go_on(p);
    pond_put(p, stays);
    cr_assert_eq(pond_destroy(p), 0, "%s, then %s: errno %d", first, then, errno);
    cr_assert_eq(heard.count, 0, "%s, then %s, of %s: %s", first, then, kind->name, heard.text);
}

/* Every word before and after, of every kind of pond. */
Test(unwatched, a_right_program_is_not_reported)
{
    static const char *const words[] = {"double",
                                        "tag",
                                        "confine",
                                        "reset",
                                        "poison",
                                        "poison=8",
                                        "redzone",
                                        "grow",
                                        "hold=0",
                                        "leak",
                                        "guard",
                                        "fast",
                                        "full,hold=0",
                                        "bypass",
                                        "audit,poison,redzone",
                                        "full@*d,-guard@*d"};
    const size_t count = sizeof(words) / sizeof(words[0]);
    listen_to(&heard, "");
    for (int i = 0; i < WORKERS; i++)
        holders[i].worker = worker_start();
    for (size_t first = 0; first < count; first++)
        for (size_t then = 0; then < count; then++)
            for (size_t kind = 0; kind < KINDS; kind++)
                try_words(words[first], words[then], &kinds[kind]);
    for (int i = 0; i < WORKERS; i++)
        worker_end(holders[i].worker);
    cr_assert_eq(pond_report_count(), 0);
}

/* ---- each thing that a record says ---- */

static void *get_and_put(void *p)
{
    void *obj = pond_get(p);
    pond_put(p, obj);
    return NULL;
}

/* An object that another thread had while it was watched, and this one got while nobody watched. */
static void *get_unwatched_after(pond *p, const char *words)
{
    thread_run(get_and_put, p);
    switch_to("");
    void *obj = pond_get(p);
    switch_to(words);
    return obj;
}

Test(unwatched, who_got_it_is_not_who_had_it_before)
{
    listen_to(&heard, "confine");
    pond *p = test_pond((pond_options){.size = 64, .flags = POND_THREAD_CONFINED});
    void *obj = get_unwatched_after(p, "confine");
    pond_put(p, obj);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
}

/* A report that is right has no stack of a stranger: it is not known who got the object. */
Test(unwatched, a_report_names_nobody_who_had_it_before)
{
    listen_to(&heard, "reset");
    pond *p = test_pond((pond_options){.type = &conn_type});
    struct conn *c = get_unwatched_after(p, "reset");
    c->token[0] = 'x';
    pond_put(p, c);
    HEARD(heard, 0, "reset", "token");
    cr_assert_eq(heard.stack_count, 1, "%s", heard.text);
    cr_assert_str_eq(heard.stacks[0].role, "put here");
    pond_put(p, c);
    HEARD(heard, 1, "double", "double put");
    cr_assert_eq(heard.stack_count, 2, "the two puts: %s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
}

static jmp_buf out;

static bool leave(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    longjmp(out, 1);
}

/* Its reset hook left it live. Since when is not known: not since another thread got it. */
Test(unwatched, it_was_not_held_since_it_was_got_before)
{
    listen_to(&heard, "hold=2");
    pond *p = test_pond((pond_options){.size = 64, .reset = leave});
    void *obj = pond_get(p);
    switch_to("");
    for (int i = 0; i < 5; i++)
        pond_rotate(p);
    switch_to("hold=2");
    if (setjmp(out) == 0)
        pond_put(p, obj);
    must(pond_get(p) != NULL, "errno %d", errno);
    HEARD(heard, 0, "hook", "left by longjmp");
    pond_rotate(p);
    pond_rotate(p);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
    pond_rotate(p);
    cr_assert_eq(pond_report_count(), 3, "both, after three: %s", heard.text);
}

/* ---- addresses that create makes anew ---- */

static void *first_place(void *ctx)
{
    (void)ctx;
    return &places[0];
}

static void destroy_nothing(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
}

static const pond_options one_place = {
    .name = "one place", .create = first_place, .destroy = destroy_nothing};

static void put_what_another_pond_had(bool dropped_watched)
{
    listen_to(&heard, "tag");
    pond *before = test_pond(one_place), *p = test_pond(one_place);
    pond_put(before, pond_get(before));
    if (dropped_watched)
        (void)pond_trim(before);
    switch_to("");
    (void)pond_trim(before);
    void *obj = pond_get(p);
    switch_to("tag");
    pond_put(p, obj);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_destroy(before), 0);
}

Test(unwatched, what_a_pond_dropped_is_not_its_own)
{
    put_what_another_pond_had(true);
}

Test(unwatched, what_a_pond_may_have_dropped_is_not_its_own)
{
    put_what_another_pond_had(false);
}

/* ---- while it is looked at ---- */

/* A walk has the record in its hands while the words go off and on and the object changes hands. */
Test(unwatched, a_walk_that_ends_later_does_not_renew_a_record)
{
    listen_to(&heard, "double");
    pond *p = test_pond((pond_options){.size = 64});
    void *obj = pond_get(p);
    struct record *r = record_of(p, obj);
    cr_assert(record_look(check_of(p), r, RECORD_LIVE));
    switch_to("");
    switch_to("double");
    record_looked(r, RECORD_LIVE);
    cr_assert_eq(record_state(check_of(p), r), RECORD_UNKNOWN);
    pond_put(p, obj);
    cr_assert_eq(record_state(check_of(p), r), RECORD_IDLE);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(unwatched, a_walk_that_ends_later_leaves_what_was_settled_since)
{
    listen_to(&heard, "double");
    pond *p = test_pond((pond_options){.size = 64});
    void *obj = pond_get(p);
    struct record *r = record_of(p, obj);
    cr_assert(record_look(check_of(p), r, RECORD_LIVE));
    record_set_state(check_of(p), r, RECORD_IDLE);
    record_looked(r, RECORD_LIVE);
    cr_assert_eq(record_state(check_of(p), r), RECORD_IDLE);
}

/* ---- guard slots, which are watched all the time ---- */

Test(unwatched, an_object_in_a_guard_slot_is_known_under_every_word)
{
    listen_to(&heard, "guard");
    pond *p = test_pond((pond_options){.size = 64});
    void *put = pond_get(p), *live = pond_get(p);
    cr_assert(guard_owns(put) && guard_owns(live));
    pond_put(p, put);
    switch_to("hold=0");
    pond_put(p, put);
    HEARD(heard, 0, "double", "double put");
    pond_rotate(p);
    HEARD(heard, 1, "hold", "live for 1 epochs");
    cr_assert_eq(heard.object, live);
    pond_put(p, live);
    cr_assert_eq(check_holds(check_of(p)), 0);
    cr_assert_eq(test_stats(p).live, 0);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(heard.count, 2, "%s", heard.text);
}

/* A pond that ends while words are off takes all with it that was known of its objects. */
Test(unwatched, a_pond_that_is_gone_owns_nothing)
{
    enum { ROUNDS = 70 }; /* of a pond destroyed so long ago even the name is forgotten */
    listen_to(&heard, "");
    for (int i = 0; i < ROUNDS; i++) {
        free_all_places();
        pond *gone = test_pond((pond_options){.name = "gone", .create = create, .destroy = destroy_created});
        switch_to("double,tag");
        void *obj = pond_get(gone);
        pond_put(gone, obj);
        switch_to("");
        cr_assert_eq(pond_destroy(gone), 0);
        pond *p = test_pond((pond_options){.name = "there", .create = create, .destroy = destroy_created});
        cr_assert_eq(pond_get(p), obj);
        switch_to("double,tag");
        pond_put(p, obj);
        cr_assert_eq(heard.count, 0, "%s", heard.text);
        switch_to("");
        cr_assert_eq(pond_destroy(p), 0);
    }
}

/* ---- puts of ponds that have a reset hook alone, which ask nobody while there are no words ---- */

static bool keep(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

Test(unwatched, a_put_that_runs_a_reset_hook_asks_from_the_first_word_on)
{
    listen_to(&heard, "");
    pond *p = test_pond((pond_options){.size = 64, .reset = keep});
    pond_put(p, pond_get(p));
    switch_to("double");
    void *obj = pond_get(p);
    pond_put(p, obj);
    pond_put(p, obj);
    HEARD(heard, 0, "double", "double put");
    switch_to("");
    cr_assert_eq(pond_profile_set("rate=1"), 0);
    obj = pond_get(p);
    cr_assert(sampling_may_be(obj));
    pond_put(p, obj);
    cr_assert_not(sampling_may_be(obj), "its put was not seen");
    cr_assert_eq(pond_profile_set("off"), 0);
    cr_assert_eq(pond_destroy(p), 0);
}
