/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room gate: owners run into their caches, by either way, while another thread takes them over. */
#include "test.h"

#include "ground.h"

TestSuite(gate_race, .timeout = TEST_ALARM);

static struct {
    atomic_uint_fast64_t slow, fast, closed;
    atomic_bool done;
    pthread_barrier_t enrolled;
} traffic;

/* Without an atomic, and so slowly that two who do it at once are seen. */
static void count_slowly(struct cache *c)
{
    volatile uint64_t *figure = &c->gets;
    for (int i = 0; i < 8; i++)
        *figure = *figure + 1;
}

/* As the fast path does it: the mark first, then whether the line is open. */
static bool go_the_fast_way(void)
{
    pond_cache *line = pond_line(ground);
    uintptr_t top = pond_line_enter(line);
    if (top <= POND_BOUND_(line->base)) {
        line_unmark(ground);
        return false;
    }
    must(top == (uintptr_t)&my_cache()->loaded->slots[1], "a top from before a takeover");
    count_slowly(my_cache());
    pond_line_leave(line, top);
    return true;
}

static bool go_the_slow_way(struct magazine *mine)
{
    struct cache *c = gate_enter(ground);
    if (c == NULL)
        return false;
    must(c == my_cache(), "another's cache");
    count_slowly(c);
    if (c->loaded == NULL) {
        mine->room = 1;
        STORE(c->top, &mine->slots[1]);
        c->loaded = mine;
    }
    gate_leave(ground, c);
    return true;
}

static void be_admitted(void)
{
    pthread_mutex_lock(&lock);
    come_by(ground);
    pthread_mutex_unlock(&lock);
}

/* Each takeover leaves the owner another magazine to load, so that a stale top is told from a right one. The
 * rounds after the last takeover are for an owner that hardly ran before it: its line opens then, if ever. */
static void be_owner(void)
{
    struct magazine *magazines = calloc(64, 64);
    uint64_t fast = 0, slow = 0;
    for (int after = 0; slow == 0 || after < 1000; after += atomic_load(&traffic.done)) {
        struct magazine *next = (struct magazine *)((char *)magazines + slow % 64 * 64);
        if (go_the_fast_way())
            fast++;
        else if (go_the_slow_way(next))
            slow++;
        else
            be_admitted();
    }
    atomic_fetch_add(&traffic.fast, fast);
    atomic_fetch_add(&traffic.slow, slow);
    pthread_mutex_lock(&lock);
    close_ground(GATE_BOUNDED);
    my_cache()->loaded = NULL;
    gates_open(ground);
    pthread_mutex_unlock(&lock);
    free(magazines);
}

static void close_once(void)
{
    pthread_mutex_lock(&lock);
    close_ground(GATE_BOUNDED);
    uint32_t slot = 0;
    for (struct cache *c; (c = gate_next_free(ground, &slot)) != NULL; slot++) {
        count_slowly(c);
        c->loaded = NULL;
        gate_emptied(ground, slot);
        traffic.closed++;
    }
    gates_open(ground);
    pthread_mutex_unlock(&lock);
}

static void own_or_close(unsigned index, void *unused)
{
    (void)unused;
    enroll(NULL);
    pthread_barrier_wait(&traffic.enrolled);
    if (index > 0) {
        be_owner();
        return;
    }
    for (int i = 0; i < TEST_TIMES(40000) || traffic.closed == 0; i++) { /* the owner may not have run yet */
        close_once();
        for (int delay = 0; delay < i % 64; delay++)
            cpu_pause();
    }
    atomic_store(&traffic.done, true);
}

static void expect_nobody_together(bool refused, unsigned owners)
{
    uint64_t sum = 0;
    start(refused);
    pthread_barrier_init(&traffic.enrolled, NULL, owners + 1);
    crew_run(owners + 1, own_or_close, NULL);
    for (uint32_t slot = 0; slot < gates_end(); slot++)
        sum += ground->caches[slot].gets;
    cr_assert(traffic.closed > 0 && traffic.slow > 0);
    cr_assert_eq(traffic.fast > 0, POND_FENCED || !refused, "without membarrier no line opens");
    cr_assert_eq(sum, 8 * (traffic.closed + traffic.slow + traffic.fast));
}

BOTH_WAYS(gate_race, owner_and_closer_are_never_inside_together)
{
    expect_nobody_together(*refused != 0, 1);
}

BOTH_WAYS(gate_race, owners_and_closer_are_never_inside_together)
{
    expect_nobody_together(*refused != 0, 3);
}
