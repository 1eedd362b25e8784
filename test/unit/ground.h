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

static void at_exit(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    gate_close_mine();
    gate_unregister();
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&exits, 1);
}

static void start(bool refused)
{
    atomic_store(&refuse_membarrier, refused);
    ground = os_map(sizeof(struct pond) + GATE_THREADS * sizeof(struct cache));
    must(ground != NULL, "no memory for a pond");
    must(gate_init(at_exit), "gate_init");
    ground->lines = GATE_THREADS;
    ground->closed.base = LINE_CLOSED;
}

/* Closes all gates, and the lines of this pond, which is the only one. */
static void close_ground(enum gate_patience patience)
{
    gates_close((struct gate_scope){.first = ground}, patience);
}

static void enroll(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    must(gate_register(), "no slot");
    if (!gate_mine_is_open())
        gate_open_mine(); /* its predecessor is gone, and left it behind */
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
