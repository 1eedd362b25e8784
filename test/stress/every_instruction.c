/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence
// link: -Wl,-T,test/support/library_text.ld
// link: -Wl,--wrap=os_nap,--wrap=os_yield,--wrap=pthread_mutex_lock,--wrap=pthread_cond_wait
/*
 * A thread is held at each single instruction of each operation in turn, locks and gates in its hands or not,
 * while another thread ticks, takes, trims, exits, forks, and so on: afterwards every object is in one place
 * or one hand, and the counts are right. In every shape of pond. The places are found with the processor's
 * trap flag, so this is for x86-64; preempted.c is for all. Not in debug: the test sets its words itself,
 * so that variant would only add assertions. It can be run there by hand.
 *
 * Usually an instruction is held at once, with one of the actions, and the variants share the instructions of
 * one operation between them; POND_STEP=all (make step) holds each with every action. POND_STEP_ONLY=text:
 * only what has a description, as failures print it, that begins so. A situation is left after
 * POND_STEP_FAILURES failures.
 */
#include "test.h"

#include "../../src/types.h"
#include "situations.h"
#include "stepper.h"
#include "symbols.h"
#include "threads.h"
#include "validity.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const shape shapes[] = {
    {.name = "watched",
     .size = 64,
     .cache_objects = 2,
     .words = "double,poison,tag,stacks=0"}, /* first: it takes longest */
    {.name = "cache of 1", .size = 64, .cache_objects = 1},
    {.name = "cache of 2", .size = 64, .cache_objects = 2},
    {.name = "cache by itself", .size = 64},
    {.name = "large objects", .size = 32768},
    {.name = "reset hook", .size = 64, .cache_objects = 4, .resets = true},
    {.name = "create hook", .kind = CREATED, .size = 64, .cache_objects = 2},
    {.name = "max_objects", .kind = MOST_OBJECTS, .size = 64, .max_objects = 6},
    {.name = "max_idle_bytes, exact", .kind = EXACT_BYTES, .size = 64, .max_idle_bytes = 64 * 8},
    {.name = "max_idle_bytes, by room", .kind = IDLE_ROOM, .size = 64, .max_idle_bytes = 64 * 256},
    {.name = "min_idle", .kind = MIN_IDLE, .size = 64, .cache_objects = 2, .min_idle = 3},
    {.name = "max_age", .kind = MIN_IDLE, .size = 64, .cache_objects = 2, .min_idle = 3, .max_age = 1},
    {.name = "confined", .size = 64, .cache_objects = 4, .flags = POND_THREAD_CONFINED},
    {.name = "sampled", .size = 64, .cache_objects = 4, .profile = "rate=256,seed=5"},
    {.name = "sampled, reset hook", .size = 64, .cache_objects = 8, .resets = true, .profile = "1"},
    {.name = "no hooks", .kind = PLAIN, .size = 64, .cache_objects = 4},
};

enum {
    MOST_PLACES = 1 << 17,
    VISITS = 3,      /* of one instruction in a loop */
    VISITS_ALL = 12, /* the same with POND_STEP=all */
    ENOUGH = 100,    /* places of one situation, without: each variant has others of them */
    FEW_NAPS = 40,   /* what waits for the thread that is held is mostly not left to wait to its end */
    MANY_NAPS = 20000,
    STUCK = 60,  /* seconds of one run */
    FAILURES = 3 /* of one situation: then it is left */
};

/* The variants' shares. */
#if defined(POND_ASSERTS)
#define SHARE 2u
#elif defined(POND_FENCE)
#define SHARE 1u
#else
#define SHARE 0u
#endif

/* What the process that steps tells the one that watches over it. */
static struct progress {
    size_t index; /* of the hold: place times actions, plus action */
    size_t places, steps;
    size_t holds, blocked;
    bool begun;
    char about[256];
} * progress;

static place places[MOST_PLACES];
static worker *first, *second;
static bool all;
static const char *only;

/* ---- one run ---- */

static const situation *situation_now;
static const action *action_now;

static void stepped_body(void *unused)
{
    (void)unused;
    if (situation_now->prepare != NULL)
        situation_now->prepare();
    now->preparing = false;
    stepper_begin();
    situation_now->act();
    stepper_end();
    if (situation_now->after != NULL)
        situation_now->after();
}

static void *fresh_main(void *unused)
{
    stepped_body(NULL);
    stepped_finish();
    return unused;
}

/* The destructor of a key is called once more after the library's: the exit is over. */
static pthread_key_t exit_key;
static _Thread_local int rounds;

static void exit_round(void *value)
{
    if (rounds++ == 0)
        (void)pthread_setspecific(exit_key, value);
    else
        stepper_end();
}

static void *leaving_main(void *unused)
{
    situation_now->prepare();
    stepped_finish();
    (void)pthread_setspecific(exit_key, now);
    now->preparing = false;
    stepper_begin();
    return unused;
}

static void act(void *unused)
{
    (void)unused;
    action_now->act();
    stepper_done();
}

static void other_prepares(void *unused)
{
    (void)unused;
    other_prepare();
}

static void other_finishes(void *unused)
{
    (void)unused;
    other_finish();
}

static void stepped_finishes(void *unused)
{
    (void)unused;
    stepped_finish();
}

/* Mostly what waits is soon let go; at times it is not, for what it does when it has waited long enough. */
static unsigned patience(void)
{
    bool forks = strcmp(action_now->name, "fork") == 0;
    return forks || (action_now->waits && progress->holds % 64 == 0) ? MANY_NAPS : FEW_NAPS;
}

static bool meanwhile(void)
{
    stepper_meanwhile(patience());
    worker_begin(second, act, NULL);
    bool ended = stepper_ended();
    progress->holds++;
    progress->blocked += !ended;
    return true;
}

/* True: the operation was held. */
static bool operate(void)
{
    pthread_t thread;
    bool held = false;
    void *(*body)(void *) = situation_now->thread == FRESH ? fresh_main : leaving_main;
    now->preparing = true;
    if (situation_now->thread == LASTING)
        worker_begin(first, stepped_body, NULL);
    else
        must(pthread_create(&thread, NULL, body, NULL) == 0, "no thread");
    while (stepper_wait()) {
        if (now->preparing)
            pond_rotate(now->pond);
        else
            held = meanwhile();
        stepper_go();
    }
    if (situation_now->thread == LASTING)
        worker_wait(first);
    else
        pthread_join(thread, NULL);
    if (held)
        worker_wait(second);
    stepper_no_longer();
    return held;
}

static void check(pond *p, size_t live)
{
    const char *why;
    must(pond_is_valid(p, live, &why), "%s: %s", now->about, why);
    pond_stats s = test_stats(p);
    must(s.live == live, "%s: %zu live, %zu held", now->about, (size_t)s.live, live);
    if ((now->shape->kind & PLAIN) == 0 && now->other_pond == NULL)
        ledger_check(&now->book, p, live);
}

static void end_run(void)
{
    pond *p = now->other_pond != NULL ? now->other_pond : now->pond;
    check(p, now->other.n + now->stepped.n);
    worker_do(second, other_finishes, NULL);
    worker_do(first, stepped_finishes, NULL);
    check(p, 0);
    pond_epoch_advance();
    pond_epoch_advance();
    check(p, 0);
    must(p->objects <= now->shape->min_idle, "%s: %zu objects after two ticks", now->about,
         (size_t)p->objects);
    must(pond_destroy(p) == 0, "%s: destroy: errno %d", now->about, errno);
    must(ledger_objects(&now->book) == 0, "%s: %zu objects were never destroyed", now->about,
         ledger_objects(&now->book));
}

static bool run_once(const shape *s)
{
    static run here;
    memset(&here, 0, sizeof here);
    here.shape = s;
    here.book = (ledger){.size = s->size, .no_reset = !s->resets};
    snprintf(here.about, sizeof here.about, "%s", progress->about);
    now = &here;
    alarm(STUCK);
    here.pond = run_pond();
    here.other_pond = situation_now->ends ? run_pond() : NULL;
    worker_do(second, other_prepares, NULL);
    bool held = operate();
    end_run();
    return held;
}

/* ---- the process that steps ---- */

static void describe(const shape *s, const char *action, size_t k, size_t n)
{
    char at[96] = "";
    if (n > 0)
        symbol_name(stepper_address(places[k]), at, sizeof at);
    int length = snprintf(progress->about, sizeof progress->about, "%s, %s (%s)%s%s", s->name,
                          situation_now->operation, situation_now->name, *action != 0 ? ", " : "", action);
    if (n > 0)
        snprintf(progress->about + length, sizeof progress->about - (size_t)length,
                 ", at %zu of %zu: %s, visit %u", k, n, at, places[k].visit);
}

/* As far as the description goes already. */
static bool is_wanted(void)
{
    size_t n = strlen(progress->about);
    return only == NULL || strncmp(progress->about, only, n < strlen(only) ? n : strlen(only)) == 0;
}

static size_t find_places(const shape *s)
{
    size_t n, steps;
    describe(s, "no action", 0, 0);
    (void)run_once(s); /* what is mapped at first use is there */
    stepper_find(places, MOST_PLACES, all ? VISITS_ALL : VISITS);
    (void)run_once(s);
    n = stepper_found(&steps);
    must(n > 0 && n < MOST_PLACES, "%s: %zu instructions", progress->about, n);
    progress->places = n;
    progress->steps = steps;
    return n;
}

static size_t hash(const char *text)
{
    size_t h = 5381;
    while (*text != '\0')
        h = h * 33 + (unsigned char)*text++;
    return h;
}

/* Is this action due at this place? */
static bool is_due(const shape *s, size_t k, size_t a, size_t n)
{
    size_t seed = SHARE + hash(s->name) + hash(situation_now->operation) + hash(situation_now->name);
    size_t stride = (n + ENOUGH - 1) / ENOUGH;
    return all || ((k + seed) % stride == 0 && (k / stride + seed / stride) % actions_n == a);
}

static void hold_everywhere(const shape *s)
{
    size_t n = find_places(s);
    for (; progress->index < n * actions_n; progress->index++) {
        size_t k = progress->index / actions_n, a = progress->index % actions_n;
        action_now = &actions[a];
        if (!is_due(s, k, a, n))
            continue;
        describe(s, action_now->name, k, n);
        if (!is_wanted())
            continue;
        stepper_hold_at(places[k]);
        (void)run_once(s);
    }
}

static void step_in_child(const shape *s)
{
    signal(SIGABRT, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    stepper_open();
    must(pthread_key_create(&exit_key, exit_round) == 0, "no key");
    must(pond_debug_set(s->words) == 0, "errno %d", errno);
    must(pond_profile_set(s->profile) == 0, "errno %d", errno);
    first = worker_start();
    second = worker_start();
    hold_everywhere(s);
    worker_end(first);
    worker_end(second);
    _exit(0);
}

/* ---- the one that watches over it ---- */

/* True: it got to the end. */
static bool step_on(const shape *s)
{
    int status;
    pid_t pid = fork();
    must(pid >= 0, "fork: errno %d", errno);
    if (pid == 0)
        step_in_child(s);
    must(waitpid(pid, &status, 0) == pid, "waitpid: errno %d", errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    dprintf(STDERR_FILENO, "FAILED (%s): %s\n",
            WIFSIGNALED(status) ? (WTERMSIG(status) == SIGALRM ? "stuck" : strsignal(WTERMSIG(status)))
                                : "status",
            progress->about);
    progress->index++;
    return false;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t one_situation(const shape *s, const situation *at)
{
    const char *most = getenv("POND_STEP_FAILURES");
    size_t failures = 0, enough = most != NULL ? strtoul(most, NULL, 10) : FAILURES;
    situation_now = at;
    progress->index = progress->places = 0;
    describe(s, "", 0, 0);
    if (!is_wanted())
        return 0;
    while (failures < enough && !step_on(s))
        failures += progress->places > 0 ? 1 : enough;
    return failures;
}

static size_t one_shape(const shape *s)
{
    size_t failures = 0;
    double began = seconds();
    for (size_t i = 0; i < situations_n; i++) {
        size_t holds = progress->holds, blocked = progress->blocked;
        double from = seconds();
        if ((situations[i].only != 0 && (situations[i].only & s->kind) == 0) ||
            (situations[i].never & s->kind) != 0)
            continue;
        failures += one_situation(s, &situations[i]);
        if (all)
            printf("%s, %s (%s): %zu steps, %zu places, %zu holds, %zu blocked, %.1f s\n", s->name,
                   situations[i].operation, situations[i].name, progress->steps, progress->places,
                   progress->holds - holds, progress->blocked - blocked, seconds() - from);
        fflush(stdout);
    }
    printf("shape: %s: %zu holds, %zu blocked, %zu failures, %.1f s\n", s->name, progress->holds,
           progress->blocked, failures, seconds() - began);
    fflush(stdout);
    return failures;
}

ParameterizedTestParameters(every_instruction, of_every_operation)
{
    static size_t indices[sizeof shapes / sizeof *shapes];
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        indices[i] = i;
    return cr_make_param_array(size_t, indices, sizeof shapes / sizeof *shapes);
}

ParameterizedTest(size_t *index, every_instruction, of_every_operation)
{
    if (!STEPPER_WORKS)
        cr_skip("needs the trap flag of x86-64");
    all = getenv("POND_STEP") != NULL && strcmp(getenv("POND_STEP"), "all") == 0;
    only = getenv("POND_STEP_ONLY");
    progress = (struct progress *)mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(progress, MAP_FAILED);
    size_t failures = one_shape(&shapes[*index]);
    cr_assert_eq(failures, 0, "%s: %zu failures", shapes[*index].name, failures);
}
