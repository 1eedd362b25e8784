/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ground that a test of gates stands on, in the place of the registry: it calls what is to be called
 * under the registry's lock under a lock of its own. Every test runs with membarrier and with a kernel
 * that refuses it.
 */
#ifndef TEST_UNIT_GROUND_H
#define TEST_UNIT_GROUND_H

#include "../../src/gate.h"
#include "kernel.h"

#define BOTH_WAYS(suite, test)                                                                               \
    ParameterizedTestParameters(suite, test)                                                                 \
    {                                                                                                        \
        static int refused[] = {0, 1};                                                                       \
        return cr_make_param_array(int, refused, 2);                                                         \
    }                                                                                                        \
    ParameterizedTest(int *refused, suite, test)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pond *ground; /* a pond for its caches alone */
static atomic_size_t exits;

/* As a drain does. */
static void empty_mine(void)
{
    struct cache *c = &ground->caches[gate_slot()];
    line_close(c);
    c->loaded = c->previous = NULL;
}

static void at_exit(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    gate_close_mine();
    if (gate_is_admitted(ground)) {
        empty_mine();
        gate_dismiss(ground);
    }
    gate_unregister();
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&exits, 1);
}

/* A pond that is on no board. It has all its lines. */
static struct pond *lay_ground(void)
{
    static uint64_t active;
    struct pond *p = os_map(sizeof(struct pond) + GATE_THREADS * sizeof(struct cache));
    must(p != NULL, "no memory for a pond");
    p->closed.base = LINE_CLOSED;
    p->active = &active;
    p->active_bit = 1;
    return p;
}

static bool have_lines(uint32_t lines)
{
    (void)lines;
    return true;
}

static void start(bool refused)
{
    atomic_store(&refuse_membarrier, refused);
    ground = lay_ground();
    must(gate_init(at_exit, have_lines), "gate_init");
}

static void close_ground(enum gate_patience patience)
{
    gates_close(ground, patience);
}

/* This thread has emptied what it had to. */
static void come_by(struct pond *p)
{
    if (!gate_mine_is_open())
        gate_open_mine();
    gate_admit(p);
}

static void enroll(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    must(gate_register(), "no slot");
    come_by(ground); /* a predecessor may be gone, and have left its slot behind */
    pthread_mutex_unlock(&lock);
}

static struct cache *my_cache(void)
{
    return &ground->caches[gate_slot()];
}

/* ---- what its tests share; not every file uses all of it ---- */

__attribute__((unused)) static void expect_open(void *unused)
{
    (void)unused;
    must(gate_enter(ground) == my_cache(), "the gate of slot %u is closed", gate_slot());
    gate_leave(ground, my_cache());
}

__attribute__((unused)) static void expect_closed(void *unused)
{
    (void)unused;
    must(gate_enter(ground) == NULL, "the gate is open");
}

/* A thread that has a slot for as long as it lives. */
__attribute__((unused)) static void *come_and_go(void *slot)
{
    enroll(NULL);
    expect_open(NULL);
    *(uint32_t *)slot = gate_slot();
    return NULL;
}

#endif
