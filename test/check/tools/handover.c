/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two threads hand one object to and fro by put and get alone: what else they tell each other orders nothing
 * (relaxed atomics). Prints "done" when nothing stopped it.
 */
#include <pond/pond.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
    unsigned value;
};

static pond *items;
static unsigned turn; /* whose: even the first thread's */

#define TURNS 200

static void *hand_over(void *first)
{
    for (unsigned mine = first != NULL ? 0 : 1; mine < TURNS; mine += 2) {
        while (__atomic_load_n(&turn, __ATOMIC_RELAXED) != mine)
            sched_yield();
        struct item *i = pond_get(items);
        if (i == NULL || i->value != mine)
            abort();
        i->value++;
        pond_put(items, i);
        __atomic_store_n(&turn, mine + 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* What a thread left idle becomes another thread's new object: dropped, and its memory used again. */
static void *use_once(void *unused)
{
    (void)unused;
    struct item *i;
    while ((i = pond_get(items)) == NULL) /* the other has the only one */
        sched_yield();
    i->value++;
    pond_put(items, i);
    (void)pond_trim(items);
    return NULL;
}

int main(void)
{
    pthread_t other;
    items = pond_create(&(pond_options){.name = "items", .size = sizeof(struct item), .max_objects = 1});
    if (items == NULL || pthread_create(&other, NULL, hand_over, NULL) != 0)
        return 1;
    hand_over(&other);
    pthread_join(other, NULL);
    for (int i = 0; i < 3; i++) {
        if (pthread_create(&other, NULL, use_once, NULL) != 0)
            return 1;
        use_once(NULL);
        pthread_join(other, NULL);
    }
    if (pond_destroy(items) != 0)
        return 1;
    puts("done");
    return 0;
}
