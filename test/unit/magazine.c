/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=pthread_mutex_lock
/* The room magazine: memory for arrays of pointers, which is never unmapped. */
#include "test.h"

#include "../../src/magazine.h"
#include "fault.h"
#include "memory.h"
#include "pages.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

TestSuite(magazine, .timeout = TEST_ALARM, .init = pages_are_small);

static struct magazine *make(uint32_t room)
{
    struct magazine *m = magazine_make(room);
    must(m != NULL, "magazine_make(%u): errno %d", room, errno);
    must(m->count == 0 && m->room == room && m->epoch == 0, "of %u: count %u, room %u", room, m->count,
         m->room);
    return m;
}

static _Thread_local uintptr_t filler; /* which thread it is */

static void *mark(const struct magazine *m, uint32_t slot)
{
    return (void *)((uintptr_t)m ^ (uintptr_t)slot << (sizeof(uintptr_t) * 8 - 16) ^ filler);
}

static void fill(struct magazine *m)
{
    for (uint32_t i = 0; i < m->room; i++)
        m->slots[i] = mark(m, i);
    m->count = m->room;
    m->epoch = 4711;
}

static void expect_filled(const struct magazine *m)
{
    for (uint32_t i = 0; i < m->room; i++)
        must(m->slots[i] == mark(m, i), "slot %u of %u was changed", i, m->room);
    must(m->count == m->room && m->epoch == 4711, "%p was changed", (const void *)m);
}

Test(magazine, fit_is_the_room_of_the_smallest_class_that_has_it)
{
    size_t classes = 0;
    for (uint32_t room = 1, fit = 0; room <= magazine_most(); room++) {
        classes += magazine_fit(room) != fit;
        cr_assert_geq(magazine_fit(room), MAX(room, fit));
        fit = magazine_fit(room);
        cr_assert_eq(magazine_fit(fit), fit);
    }
    cr_assert_eq(classes, MAGAZINE_CLASSES);
    cr_assert_eq(magazine_fit(magazine_most()), magazine_most());
    cr_assert_geq(2 * magazine_most(), POND_MAX_CACHE_OBJECTS, "a cache of two can be as large as was told");
}

/* Every room there is, and whole classes of many: none reaches into another. */
Test(magazine, magazines_have_the_room_they_were_asked_for)
{
    uint32_t most = magazine_most();
    struct magazine **all = malloc(most * sizeof *all);
    for (uint32_t room = 1; room <= most; room++)
        fill(all[room - 1] = make(room));
    for (uint32_t room = 1; room <= most; room++)
        expect_filled(all[room - 1]);
    for (uint32_t room = 1; room <= most; room += 2)
        magazine_end(all[room - 1]);
    for (uint32_t room = 2; room <= most; room += 2)
        expect_filled(all[room - 1]);
    for (uint32_t room = 1; room <= most; room += 2)
        fill(all[room - 1] = make(room));
    for (uint32_t room = 1; room <= most; room++) {
        expect_filled(all[room - 1]);
        magazine_end(all[room - 1]);
    }
    free(all);
}

/* A magazine of class n takes 128 << n bytes: no more memory than that is touched. */
Test(magazine, small_ones_take_little)
{
    enum { MANY = 32 };
    struct magazine *all[MANY];
    for (int i = 0; i < MANY; i++)
        all[i] = make(1);
    uintptr_t span = (uintptr_t)all[MANY - 1] - (uintptr_t)all[0];
    cr_assert_leq(span, MANY * 128);
    for (int i = 0; i < MANY; i++)
        magazine_end(all[i]);
}

Test(magazine, what_was_ended_is_made_again)
{
    struct magazine *kept = make(100);
    size_t before = memory_mapped();
    for (int i = 0; i < 20000; i++) {
        struct magazine *m = make(100);
        fill(m);
        magazine_end(m);
        if (i % 1000 == 0)
            magazine_purge();
    }
    cr_assert_eq(memory_mapped(), before);
    magazine_end(kept);
}

/* A thread that is late may still read the link of a magazine that was ended. */
Test(magazine, memory_stays_mapped_but_not_resident)
{
    enum { MANY = 3000 }; /* of the largest: three slabs */
    static struct magazine *all[MANY];
    for (int i = 0; i < MANY; i++)
        fill(all[i] = make(magazine_most()));
    for (int i = 0; i < MANY; i++)
        magazine_end(all[i]);
    cr_assert(page_resident(all[0]));
    magazine_purge();
    for (int i = 0; i < MANY; i++) {
        cr_assert(page_mapped(all[i]));
        cr_assert_not(page_resident(all[i]), "magazine %d", i);
        cr_assert_not_null(slab_of(all[i]));
    }
    volatile struct magazine *late = all[MANY / 2];
    cr_assert_null(late->link.next);
    fill(make(magazine_most()));
}

Test(magazine, purge_needs_no_magazine)
{
    magazine_purge();
    magazine_end(make(1));
    magazine_purge();
}

Test(magazine, refused_memory_is_enomem)
{
    fault_arm(FAULT_MMAP, 0, true);
    errno = 0;
    cr_assert_null(magazine_make(5));
    cr_assert_eq(errno, ENOMEM);
    fault_disarm(FAULT_MMAP);
    magazine_end(make(5));
}

static void make_and_end(unsigned index, void *unused)
{
    enum { HANDS = 40 };
    struct magazine *held[HANDS] = {NULL};
    (void)unused;
    filler = index;
    for (unsigned i = 0; i < TEST_TIMES(100000); i++) {
        struct magazine **hand = &held[i * 7 % HANDS];
        if (*hand != NULL) {
            expect_filled(*hand);
            magazine_end(*hand);
        }
        fill(*hand = make(i % 16 + 1));
        if (i % 512 == 0)
            magazine_purge();
    }
    for (int i = 0; i < HANDS; i++) {
        expect_filled(held[i]);
        magazine_end(held[i]);
    }
}

Test(magazine, many_threads_make_and_end)
{
    crew_run(4, make_and_end, NULL);
}

/* ---- fork ---- */

static _Thread_local bool watched; /* this thread tells when it finds a lock taken */
static event waits = EVENT_INIT;

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (!watched)
        return __real_pthread_mutex_lock(mutex);
    if (pthread_mutex_trylock(mutex) == 0)
        return 0;
    watched = false;
    event_set(&waits);
    return __real_pthread_mutex_lock(mutex);
}

static atomic_bool forked;

static void make_while_forking(void *arg)
{
    watched = true;
    *(struct magazine **)arg = make(3);
    must(atomic_load(&forked), "a magazine was made while a fork was prepared");
}

Test(magazine, none_is_made_while_a_fork_is_prepared)
{
    struct magazine *m;
    worker *other = worker_start();
    magazine_fork_prepare();
    worker_begin(other, make_while_forking, &m);
    event_wait(&waits);
    atomic_store(&forked, true);
    magazine_fork_done();
    worker_wait(other);
    worker_end(other);
    magazine_end(m);
}
