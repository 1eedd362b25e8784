/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room gate: owners run into their caches while another thread closes them and takes them over. */
#include "test.h"

#include "ground.h"

TestSuite(gate_race, .timeout = TEST_ALARM);

static struct {
    atomic_uint_fast64_t entered, closed;
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

static void be_owner(void)
{
    uint64_t entered = 0;
    while (entered == 0 || !atomic_load(&traffic.done)) {
        struct cache *c = gate_enter(ground);
        if (c != NULL) {
            must(c == my_cache(), "another's cache");
            count_slowly(c);
            gate_leave();
            entered++;
            continue;
        }
        pthread_mutex_lock(&lock);
        if (!gate_is_free(gate_slot()))
            gate_open_mine();
        pthread_mutex_unlock(&lock);
    }
    atomic_fetch_add(&traffic.entered, entered);
}

static void close_once(void)
{
    pthread_mutex_lock(&lock);
    gates_close(GATE_BOUNDED);
    for (uint32_t slot = 0; slot < gates_end(); slot++)
        if (gate_is_free(slot)) {
            count_slowly(&ground->caches[slot]);
            traffic.closed++;
        }
    gates_open();
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
    for (int i = 0; i < TEST_TIMES(40000); i++) {
        close_once();
        for (int delay = 0; delay < i % 64; delay++)
            cpu_pause();
    }
    atomic_store(&traffic.done, true);
}

static void expect_nobody_together(unsigned owners)
{
    uint64_t sum = 0;
    pthread_barrier_init(&traffic.enrolled, NULL, owners + 1);
    crew_run(owners + 1, own_or_close, NULL);
    for (uint32_t slot = 0; slot < gates_end(); slot++)
        sum += ground->caches[slot].gets;
    cr_assert(traffic.closed > 0 && traffic.entered > 0);
    cr_assert_eq(sum, 8 * (traffic.closed + traffic.entered));
}

BOTH_WAYS(gate_race, owner_and_closer_are_never_inside_together)
{
    start(*refused);
    expect_nobody_together(1);
}

BOTH_WAYS(gate_race, owners_and_closer_are_never_inside_together)
{
    start(*refused);
    expect_nobody_together(3);
}
