/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The profile while all goes on: threads get, put, discard and hand over objects of ponds of every kind,
 * others tick and trim, the words of POND_DEBUG come and go, the process forks. At the rate 1 what is in use
 * by stack is what is live, to the object; whatever the rate was meanwhile, when all is put nothing is in
 * use.
 */
#include "test.h"

#include "threads.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A fork takes the locks of all ponds, in the order that ticks have brought them into. One thread does at a
 * time, under the registry's lock; TSan knows nothing of that, and takes the two orders for a deadlock.
 */
#ifdef TEST_TSAN
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "detect_deadlocks=0";
}
#endif

TestSuite(profile_stress, .timeout = 2 * TEST_ALARM);

/* ---- ponds ---- */

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 7, 16);
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    return ++*(unsigned char *)obj % 11 != 0; /* some are rejected */
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return *(const unsigned char *)obj;
}

static void *create(void *ctx)
{
    (void)ctx;
    return calloc(1, 32);
}

static void end(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

enum { PONDS = 9 };

static const pond_options kinds[PONDS] = {
    {.name = "plain", .size = 64},
    {.name = "hooks", .size = 128, .construct = construct, .reset = reset, .destroy = destroy},
    {.name = "max_objects", .size = 256, .max_objects = 30},
    {.name = "caches of one", .size = 64, .cache_objects = 1},
    {.name = "min_idle", .size = 48, .min_idle = 20, .max_age = 3},
    {.name = "max_idle_bytes", .size = 64, .max_idle_bytes = 1000},
    {.name = "footprint", .size = 64, .footprint = footprint},
    {.name = "created", .create = create, .destroy = end},
    {.name = "large", .size = 20000},
};

static pond *ponds[PONDS];

/* ---- threads that use them ---- */

enum { WORKERS = 3, HOLD = 24, SHARED = 40 };

struct user {
    unsigned random;
    void *held[PONDS][HOLD];
    size_t count[PONDS];
};

static struct {
    pthread_mutex_t lock;
    void *objs[PONDS][SHARED];
    size_t count[PONDS];
} handed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static unsigned chance(struct user *u, unsigned n)
{
    u->random = u->random * 1103515245 + 12345;
    return (u->random >> 16) % n;
}

static void touch(void *obj)
{
    ((unsigned char *)obj)[8] = 1;
}

static void get_one(struct user *u, size_t p)
{
    if (u->count[p] == HOLD)
        return;
    void *obj = pond_get(ponds[p]);
    must(obj != NULL || p == 2, "%s: errno %d", kinds[p].name, errno);
    if (obj == NULL)
        return;
    touch(obj);
    u->held[p][u->count[p]++] = obj;
}

static void get_some(struct user *u, size_t p)
{
    size_t wanted = chance(u, HOLD + 1 - (unsigned)u->count[p]);
    size_t got = pond_get_many(ponds[p], u->held[p] + u->count[p], wanted);
    must(got == wanted || p == 2, "%s: %zu of %zu", kinds[p].name, got, wanted);
    u->count[p] += got;
}

static void *take(struct user *u, size_t p)
{
    size_t i = chance(u, (unsigned)u->count[p]);
    void *obj = u->held[p][i];
    u->held[p][i] = u->held[p][--u->count[p]];
    return obj;
}

static void hand_over(struct user *u, size_t p)
{
    void *obj = NULL;
    pthread_mutex_lock(&handed.lock);
    if (u->count[p] > 0 && handed.count[p] < SHARED)
        handed.objs[p][handed.count[p]++] = take(u, p);
    else if (handed.count[p] > 0)
        obj = handed.objs[p][--handed.count[p]];
    pthread_mutex_unlock(&handed.lock);
    if (obj != NULL)
        pond_put(ponds[p], obj);
}

static void put_some(struct user *u, size_t p)
{
    size_t n = chance(u, (unsigned)u->count[p] + 1);
    u->count[p] -= n;
    pond_put_many(ponds[p], u->held[p] + u->count[p], n);
}

static void step(struct user *u)
{
    size_t p = chance(u, PONDS);
    unsigned what = chance(u, 100);
    if (what < 40)
        get_one(u, p);
    else if (what < 46)
        get_some(u, p);
    else if (what < 52)
        put_some(u, p);
    else if (what < 64)
        hand_over(u, p);
    else if (u->count[p] > 0)
        what == 99 ? pond_discard(ponds[p], take(u, p)) : pond_put(ponds[p], take(u, p));
}

static void put_all(struct user *u)
{
    for (size_t p = 0; p < PONDS; p++) {
        pond_put_many(ponds[p], u->held[p], u->count[p]);
        u->count[p] = 0;
    }
}

static void put_handed(void)
{
    for (size_t p = 0; p < PONDS; p++)
        while (handed.count[p] > 0)
            pond_put(ponds[p], handed.objs[p][--handed.count[p]]);
}

/* ---- what the profile says ---- */

struct sums {
    double inuse[PONDS], alloc[PONDS];
    size_t rows;
};

static int add_row(const pond_profile_row *r, void *ctx)
{
    struct sums *s = ctx;
    size_t p = 0;
    while (p < PONDS && strcmp(r->pond, kinds[p].name) != 0)
        p++;
    must(p < PONDS && r->count > 0 && r->inuse_objects >= 0 && r->inuse_bytes >= 0, "%s", r->pond);
    bool known = kinds[p].create == NULL; /* else of how many bytes its objects are nobody says */
    must(!known || (r->inuse_objects == 0) == (r->inuse_bytes == 0), "%g, %g bytes", r->inuse_objects,
         r->inuse_bytes);
    s->inuse[p] += r->inuse_objects;
    s->alloc[p] += r->alloc_objects;
    s->rows++;
    return 0;
}

static struct sums look(void)
{
    struct sums s = {.rows = 0};
    must(pond_profile_each(add_row, &s) == 0, "errno %d", errno);
    return s;
}

static void expect_nothing_in_use(void)
{
    struct sums s = look();
    for (size_t p = 0; p < PONDS; p++)
        must(s.inuse[p] == 0, "%s: %g are in use", kinds[p].name, s.inuse[p]);
}

/* At the rate 1, since it was set. */
static void expect_what_is_live(const uint64_t *gets_before)
{
    struct sums s = look();
    must(pond_profile_lost() == 0, "%d are lost", (int)pond_profile_lost());
    for (size_t p = 0; p < PONDS; p++) {
        pond_stats stats = test_stats(ponds[p]);
        must(s.inuse[p] == (double)stats.live, "%s: %g for %zu live", kinds[p].name, s.inuse[p], stats.live);
        uint64_t gets = stats.gets - gets_before[p];
        must(s.alloc[p] == (double)gets, "%s: %g for %zu gets", kinds[p].name, s.alloc[p], (size_t)gets);
    }
}

/* At another rate, since it was set: as near as chance allows, which errs by so much once in 10,000,000. */
static void expect_to_be_near(const uint64_t *gets_before, double rate)
{
    struct sums s = look();
    for (size_t p = 0; p < PONDS; p++) {
        pond_stats stats = test_stats(ponds[p]);
        double gets = (double)(stats.gets - gets_before[p]), off = s.alloc[p] - gets;
        double bytes = kinds[p].size > 0 ? (double)kinds[p].size : 256;
        double variance = gets * rate / bytes; /* 1 / p - 1 for each, p = 1 - exp(-bytes / rate) */
        must(off * off <= 5.4 * 5.4 * variance, "%s: %g for %g gets, 1 sigma is the root of %g",
             kinds[p].name, s.alloc[p], gets, variance);
    }
}

/* ---- what goes on beside ---- */

static const char *const all_words[] = {"off", "double,tag", "poison", "chaos=5", "guard=1/40", "fast"};
static const char *const all_rates[] = {"off",
                                        "rate=1",
                                        "rate=4k",
                                        "rate=512k",
                                        "rate=4k,grow=1k,fine=1,for=1",
                                        "seed=3,1",
                                        "rate=1000",
                                        "fine=1,512k,grow=1%"};

static struct {
    bool wild;   /* the rate changes */
    bool worded; /* the words of POND_DEBUG do */
    unsigned steps;
} round_now;

/* It is off now and then. */
static void look_at_one(struct user *u)
{
    pond_history h;
    pond *p = ponds[chance(u, PONDS)];
    if (pond_history_read(p, &h) != 0)
        must(errno == ENODATA && h.count == 0, "errno %d", errno);
    else
        must(h.count >= 1 && h.count <= POND_HISTORY_MOST, "%zu parts", h.count);
    if (chance(u, 2) == 0 && pond_profile_fine(p, 1 + chance(u, 900), 1) != 0)
        must(errno == ENODATA, "errno %d", errno);
}

static void upkeep(struct user *u)
{
    unsigned what = chance(u, 100);
    if (what < 30)
        (void)pond_epoch_advance();
    else if (what < 50)
        (void)pond_rotate(ponds[chance(u, PONDS)]);
    else if (what < 55)
        (void)pond_trim(chance(u, 2) == 0 ? NULL : ponds[chance(u, PONDS)]);
    else if (what < 65)
        (void)look();
    else if (what < 70)
        look_at_one(u);
    else if (what < 80 && round_now.worded)
        must(pond_debug_set(all_words[chance(u, sizeof(all_words) / sizeof(*all_words))]) == 0, "words");
    else if (round_now.wild && what < 95)
        must(pond_profile_set(all_rates[chance(u, sizeof(all_rates) / sizeof(*all_rates))]) == 0, "rates");
    else if (round_now.wild && what < 97)
        pond_profile_reset();
}

/* Its parent's objects are none of its profile. */
static void be_a_child(struct user *u)
{
    struct sums s = look();
    must(s.rows == 0, "a child begins with %zu rows", s.rows);
    must(pond_profile_lost() == 0, "and %d lost", (int)pond_profile_lost());
    must(pond_debug_set("off") == 0 && pond_profile_set("rate=1") == 0, "settings");
    put_all(u);
    expect_nothing_in_use();
    for (int i = 0; i < 300; i++)
        step(u);
    (void)pond_epoch_advance();
    put_all(u);
    put_handed();
    expect_nothing_in_use();
    _exit(0);
}

static void fork_one(struct user *u)
{
    int status = 0;
    pid_t child;
    pthread_mutex_lock(&handed.lock);
    child = fork();
    if (child == 0) {
        memset(handed.count, 0, sizeof(handed.count));
        pthread_mutex_init(&handed.lock, NULL);
        be_a_child(u);
    }
    pthread_mutex_unlock(&handed.lock);
    must(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a child's status is %d", status);
}

/* ---- a round ---- */

static struct user users[WORKERS + 1];

static void take_part(unsigned index, void *unused)
{
    struct user *u = &users[index];
    (void)unused;
    for (unsigned i = 0; i < round_now.steps; i++) {
        if (index < WORKERS)
            step(u);
        else if (i % 40 == 0)
            upkeep(u);
        if (index == 0 && i % (round_now.steps / 4 + 1) == 10)
            fork_one(u);
    }
}

static void put_what_is_held(unsigned index, void *unused)
{
    (void)unused;
    put_all(&users[index]);
    if (index == 0)
        put_handed();
}

static void play(bool wild, bool worded, unsigned steps)
{
    round_now.wild = wild;
    round_now.worded = worded;
    round_now.steps = TEST_TIMES(steps);
    crew_run(WORKERS + 1, take_part, NULL);
}

static void begin_at(const char *rate, uint64_t *gets)
{
    must(pond_profile_set("off") == 0, "off");
    pond_profile_reset();
    must(pond_profile_set(rate) == 0, "%s", rate);
    for (size_t p = 0; p < PONDS; p++)
        gets[p] = test_stats(ponds[p]).gets;
}

static void make_ponds(void)
{
    must(pond_debug_set("off") == 0, "off");
    for (size_t p = 0; p < PONDS; p++)
        ponds[p] = test_pond(kinds[p]);
    for (unsigned i = 0; i <= WORKERS; i++)
        users[i].random = 77 + i;
}

static void end_ponds(void)
{
    must(pond_debug_set("off") == 0 && pond_profile_set("off") == 0, "off");
    for (size_t p = 0; p < PONDS; p++)
        must(pond_destroy(ponds[p]) == 0, "%s: errno %d", kinds[p].name, errno);
}

/* Puts are not seen while it is off: then all is forgotten at once. */
static void end_round(bool off)
{
    must(!off || pond_profile_set("off") == 0, "off");
    crew_run(WORKERS, put_what_is_held, NULL);
    expect_nothing_in_use();
}

enum { ROUNDS = 5, STEPS = 20000 };

static void play_exactly(bool worded)
{
    make_ponds();
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t gets[PONDS];
        begin_at("rate=1", gets);
        play(false, worded, STEPS);
        expect_what_is_live(gets);
        end_round(round % 2 == 1);
    }
    end_ponds();
}

static void play_wildly(bool worded)
{
    make_ponds();
    for (int round = 0; round < ROUNDS; round++) {
        play(true, worded, STEPS);
        end_round(round % 2 == 1);
    }
    end_ponds();
}

static void play_nearly(bool worded)
{
    make_ponds();
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t gets[PONDS];
        begin_at("rate=1000", gets);
        play(false, worded, 4 * STEPS);
        expect_to_be_near(gets, 1000);
        end_round(round % 2 == 1);
    }
    end_ponds();
}

Test(profile_stress, every_get_at_the_rate_1)
{
    play_exactly(false);
}

Test(profile_stress, and_while_words_come_and_go)
{
    play_exactly(true);
}

Test(profile_stress, some_gets_at_another_rate)
{
    play_nearly(false);
}

Test(profile_stress, and_of_them_while_words_come_and_go)
{
    play_nearly(true);
}

Test(profile_stress, while_the_rate_changes)
{
    play_wildly(false);
}

Test(profile_stress, while_rate_and_words_change)
{
    play_wildly(true);
}
