/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=pthread_mutex_lock
/* The room slab: what slab_purge gives back to the system, and what it must not. */
#include "test.h"

#include "../../src/slab.h"
#include "fault.h"
#include "memory.h"
#include "pages.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

TestSuite(slab_purge, .timeout = TEST_ALARM, .init = pages_are_small);

static size_t strides[] = {24, 64, 100, 1000, 4096, 4097, 12288, 65537, 1 << 20};

#define EACH_STRIDE(test)                                                                                    \
    ParameterizedTestParameters(slab_purge, test)                                                            \
    {                                                                                                        \
        return cr_make_param_array(size_t, strides, sizeof strides / sizeof *strides);                       \
    }                                                                                                        \
    ParameterizedTest(size_t *stride, slab_purge, test)

static struct slab_set set;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t locks; /* how often it was taken */

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (mutex == &lock)
        atomic_fetch_add(&locks, 1);
    return __real_pthread_mutex_lock(mutex);
}

static char *object(const struct slab *s, size_t i)
{
    return s->base + i * set.stride;
}

static char *take_full(int value)
{
    bool zero = false;
    char *obj = slab_take(&set, &zero);
    must(obj != NULL, "slab_take: errno %d", errno);
    must(!zero || bytes_are(obj, set.stride, 0), "%p is not zero", (void *)obj);
    memset(obj, value, set.stride);
    return obj;
}

/* As many full slabs more. */
static void take_slabs(size_t slabs)
{
    for (slabs += set.slabs; set.slabs < slabs || set.last->used < set.last->room;)
        take_full(0x5a);
}

/* The first of all slabs that are as large as they get; it and those before are full. */
static struct slab *big;

static void take_big(void)
{
    while (set.last == NULL || set.last->bytes < SLAB_BYTES)
        take_slabs(1);
    big = set.last;
}

static void give_all_of(const struct slab *s)
{
    size_t room = s->room;
    for (size_t i = 0; i < room; i++)
        slab_give(&set, object(s, i));
}

/* ---- pages ---- */

/* Is a part of this page some object's for which kept[] is true? */
static bool page_kept(const bool *kept, size_t page)
{
    size_t bytes = os_page_size();
    for (size_t i = page * bytes / set.stride; i < big->room && i * set.stride < (page + 1) * bytes; i++)
        if (kept[i])
            return true;
    return false;
}

static void expect_pages(const struct slab *s, const bool *kept)
{
    for (size_t page = 0; page < SLAB_BYTES / os_page_size(); page++)
        cr_assert_eq(page_resident(s->base + page * os_page_size()), page_kept(kept, page), "page %zu", page);
    for (size_t i = 0; i < big->room; i++)
        if (kept[i])
            cr_assert(bytes_are(object(s, i), set.stride, 0x5a), "object %zu", i);
}

/* Gives back up to n objects of the slab from this one on, all but the survivor. */
static void give_run(struct slab *s, bool *kept, size_t from, size_t n)
{
    for (size_t i = from; i < from + n && i < big->room; i++)
        if (kept[i] && i != big->room / 2) {
            slab_give(&set, object(s, i));
            kept[i] = false;
        }
}

static void take_again(bool *kept)
{
    for (size_t i = 0; i < big->room; i++)
        if (!kept[i]) {
            must(take_full(0x5a) == object(big, i), "object %zu is the lowest one free", i);
            kept[i] = true;
        }
}

/* Runs of some pages' length, so that there are free pages, kept ones and such as are half free. */
EACH_STRIDE(exactly_the_free_pages_go)
{
    slab_set_init(&set, *stride, false);
    take_big();
    bool *kept = malloc(big->room * sizeof *kept);
    memset(kept, true, big->room * sizeof *kept);
    size_t most = MAX(5 * os_page_size() / *stride, 2);
    for (int round = 0; round < 3; round++) {
        for (int twice = 0; twice < 2; twice++) {
            for (size_t at = 0; at < big->room; at += (size_t)rand() % (6 * most) + 1)
                give_run(big, kept, at, (size_t)rand() % most + 1);
            slab_purge(&set, &lock);
            expect_pages(big, kept);
            cr_assert(slab_set_is_valid(&set));
        }
        take_again(kept);
        expect_pages(big, kept);
    }
    give_run(big, kept, 0, big->room);
    slab_purge(&set, &lock);
    expect_pages(big, kept);
    slab_set_release(&set);
    free(kept);
}

/* Once taken memory reads as zero again, and slab_take says so where a page came back as a whole. */
EACH_STRIDE(purged_memory_is_zero_when_it_is_taken)
{
    slab_set_init(&set, *stride, true);
    take_big();
    give_all_of(big);
    slab_purge(&set, &lock);
    bool whole_pages = *stride % os_page_size() == 0;
    for (size_t i = 0; i < big->room; i++) {
        bool zero = false;
        char *obj = slab_take(&set, &zero);
        cr_assert(zero || (i > 0 && !whole_pages), "object %zu", i);
        cr_assert(bytes_are(obj, *stride, 0), "object %zu", i);
    }
    slab_set_release(&set);
}

/* A page that the system would not take is known to hold what it held. */
EACH_STRIDE(a_purge_that_fails_is_none)
{
    slab_set_init(&set, *stride, true);
    take_big();
    give_all_of(big);
    fault_arm(FAULT_MADVISE, 0, true);
    slab_purge(&set, &lock);
    fault_disarm(FAULT_MADVISE);
    cr_assert_gt(fault_hits(FAULT_MADVISE), 0);
    for (size_t i = 0; i < big->room; i++) {
        bool zero = true;
        char *obj = slab_take(&set, &zero);
        cr_assert(!zero && bytes_are(obj, *stride, 0x5a), "object %zu", i);
    }
    slab_give(&set, object(big, 0));
    slab_purge(&set, &lock);
    take_full(1);
    slab_set_release(&set);
}

Test(slab_purge, what_was_never_given_back_is_not_looked_at)
{
    slab_set_init(&set, os_page_size(), false);
    take_big();
    slab_give(&set, object(big, 7));
    fault_arm(FAULT_MADVISE, 0, false);
    fault_disarm(FAULT_MADVISE);
    slab_purge(&set, &lock);
    cr_assert_eq(fault_uses(FAULT_MADVISE), 1, "the one page");
    slab_purge(&set, &lock);
    cr_assert_eq(fault_uses(FAULT_MADVISE), 1, "nothing was given back since");
    slab_give(&set, object(big, 9));
    slab_purge(&set, &lock);
    cr_assert_eq(fault_uses(FAULT_MADVISE), 2);
    slab_set_release(&set);
}

/* The lock is let go between steps of at most 128 pages: of 4 KiB, an eighth of a slab. */
Test(slab_purge, the_lock_is_held_for_a_step_at_a_time)
{
    slab_set_init(&set, os_page_size(), true);
    take_big();
    for (size_t i = 0; i < big->room; i += 2)
        slab_give(&set, object(big, i));
    size_t before = atomic_load(&locks);
    slab_purge(&set, &lock);
    cr_assert_geq(atomic_load(&locks) - before, SLAB_BYTES / os_page_size() / 128);
    slab_set_release(&set);
}

/* ---- slabs ---- */

EACH_STRIDE(an_empty_slab_is_unmapped)
{
    slab_set_init(&set, *stride, false);
    take_slabs(3);
    struct slab *first = set.first, *middle = first->next, *last = set.last;
    char *base = middle->base;
    size_t before = memory_mapped(), bytes = middle->bytes + middle->header_bytes;
    give_all_of(middle);
    slab_purge(&set, &lock);
    cr_assert_eq(set.slabs, 2);
    cr_assert(set.first == first && first->next == last && last->prior == first && set.last == last);
    cr_assert_null(slab_of(base));
    cr_assert_not(page_mapped(base));
    cr_assert_eq(before - memory_mapped(), bytes, "header and all");
    cr_assert(slab_set_is_valid(&set));
    cr_assert_eq(slab_of(take_full(1)), set.last, "the others are full");
    cr_assert_eq(set.slabs, 3);
    slab_set_release(&set);
}

/* First, last and all of them: the hint and both ends of the list go on. */
Test(slab_purge, slabs_empty_in_any_order)
{
    enum { SLABS = 5 };
    for (int round = 0; round < 10; round++) {
        slab_set_init(&set, 1 << 20, false);
        take_slabs(SLABS);
        struct slab *all[SLABS];
        size_t left = SLABS;
        for (struct slab *s = set.first; s != NULL; s = s->next)
            all[SLABS - left--] = s;
        for (left = SLABS; left > 0;) {
            size_t i = (size_t)rand() % left;
            give_all_of(all[i]);
            all[i] = all[--left];
            slab_purge(&set, &lock);
            cr_assert_eq(set.slabs, left);
            cr_assert(slab_set_is_valid(&set));
        }
        cr_assert(set.first == NULL && set.last == NULL && set.dirty == NULL);
        take_full(1);
        slab_set_release(&set);
    }
}

/* A slab made after others were unmapped is the youngest. */
Test(slab_purge, slabs_keep_their_age)
{
    slab_set_init(&set, 1 << 20, false);
    take_slabs(3);
    for (int i = 0; i < 2; i++) {
        give_all_of(set.first);
        slab_purge(&set, &lock);
    }
    cr_assert_eq(set.slabs, 1);
    take_slabs(1);
    slab_give(&set, object(set.last, 0));
    slab_give(&set, object(set.first, 3));
    cr_assert_eq(take_full(1), object(set.first, 3));
    cr_assert_eq(take_full(1), object(set.last, 0));
    slab_set_release(&set);
}

Test(slab_purge, an_empty_slab_may_be_kept_mapped)
{
    slab_set_init(&set, 4096, true);
    take_slabs(2);
    give_all_of(set.first);
    slab_purge(&set, &lock);
    cr_assert_eq(set.slabs, 2);
    for (size_t i = 0; i < set.first->room; i++) {
        cr_assert(page_mapped(object(set.first, i)));
        cr_assert_not(page_resident(object(set.first, i)));
    }
    cr_assert_eq(slab_of(object(set.first, 3)), set.first);
    cr_assert_eq(take_full(1), object(set.first, 0));
    slab_set_release(&set);
}

/* The slab's memory is its objects' again though its own end was refused. */
Test(slab_purge, a_slab_that_cannot_be_unmapped_gives_its_memory_back)
{
    slab_set_init(&set, os_page_size(), false);
    take_slabs(1);
    char *base = set.first->base;
    size_t room = set.first->room;
    give_all_of(set.first);
    fault_arm(FAULT_MUNMAP, 0, true);
    slab_purge(&set, &lock);
    fault_disarm(FAULT_MUNMAP);
    cr_assert_eq(set.slabs, 0);
    cr_assert_null(slab_of(base));
    for (size_t i = 1; i < room; i++) /* the first page tells that it is kept */
        cr_assert_not(page_resident(base + i * set.stride));
    take_slabs(1);
    cr_assert_eq(set.first->base, base, "and it serves the next slab");
}

/* ---- others at work ---- */

enum { HANDS = 24 };

static void take_and_give(size_t times, int value)
{
    char *held[HANDS] = {NULL};
    for (size_t i = 0; i < times; i++) {
        char **hand = &held[(i * 7 + i / HANDS) % HANDS];
        must(*hand == NULL || bytes_are(*hand, set.stride, value), "%p was changed", (void *)*hand);
        bool zero = false;
        pthread_mutex_lock(&lock);
        if (*hand == NULL)
            *hand = (char *)slab_take(&set, &zero);
        else
            slab_give(&set, *hand), *hand = NULL;
        pthread_mutex_unlock(&lock);
        must(!zero || bytes_are(*hand, set.stride, 0), "%p is not zero", (void *)*hand);
        if (*hand != NULL)
            memset(*hand, value, set.stride);
    }
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < HANDS; i++)
        if (held[i] != NULL)
            slab_give(&set, held[i]);
    pthread_mutex_unlock(&lock);
}

static atomic_uint at_work;

static void work_or_purge(unsigned index, void *unused)
{
    (void)unused;
    if (index > 0) {
        take_and_give(TEST_TIMES(set.stride > 4096 ? 4000u : 20000u), (int)index);
        atomic_fetch_sub(&at_work, 1);
        return;
    }
    while (atomic_load(&at_work) > 0) {
        slab_purge(&set, &lock);
        pthread_mutex_lock(&lock);
        must(slab_set_is_valid(&set), "beside others' work");
        pthread_mutex_unlock(&lock);
    }
}

ParameterizedTestParameters(slab_purge, others_take_and_give_meanwhile)
{
    static size_t some[] = {24, 4096, 10000, 400000};
    return cr_make_param_array(size_t, some, sizeof some / sizeof *some);
}

ParameterizedTest(size_t *stride, slab_purge, others_take_and_give_meanwhile)
{
    slab_set_init(&set, *stride, false);
    atomic_store(&at_work, 2);
    crew_run(3, work_or_purge, NULL);
    slab_purge(&set, &lock);
    cr_assert_eq(set.slabs, 0);
    cr_assert(slab_set_is_valid(&set));
}
