/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/* The room slab: where an object lies, and who finds it. What goes back to the system: slab_purge.c. */
#include "test.h"

#include "../../src/slab.h"
#include "fault.h"
#include "memory.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

TestSuite(slab, .timeout = TEST_ALARM);

/* Of one page and of none, dividing the slab and not, with spare bits in the last word and without. */
static size_t strides[] = {8, 24, 64, 100, 1000, 4096, 4097, 12288, 65537, 1 << 20};

#define EACH_STRIDE(test)                                                                                    \
    ParameterizedTestParameters(slab, test)                                                                  \
    {                                                                                                        \
        return cr_make_param_array(size_t, strides, sizeof strides / sizeof *strides);                       \
    }                                                                                                        \
    ParameterizedTest(size_t *stride, slab, test)

static struct slab_set set;

static void *take(void)
{
    bool zero;
    void *obj = slab_take(&set, &zero);
    must(obj != NULL, "slab_take: errno %d", errno);
    return obj;
}

/* Takes n objects, which must be at the lowest free addresses of the youngest slab: all slabs are new. */
static void take_row(char **objs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        objs[i] = (char *)take();
        must(slab_of(objs[i]) == set.last, "object %zu is not in the last slab", i);
        must(objs[i] == set.last->base + (set.last->used - 1) * set.stride, "object %zu is at %p", i,
             (void *)objs[i]);
    }
}

/* Slabs are full but for the last, which has one object. Returns how many objects those before have. */
static size_t take_slabs(size_t slabs, char **objs)
{
    size_t n = 0;
    while (set.slabs < slabs)
        take_row(&objs[n++], 1);
    return n - 1;
}

/* How many objects fill so many new slabs. */
static size_t room_of(size_t slabs, size_t stride)
{
    static struct slab_set other;
    size_t n = 0;
    bool zero;
    slab_set_init(&other, stride, false);
    while (slab_take(&other, &zero) != NULL && other.slabs <= slabs)
        n++;
    slab_set_release(&other);
    return n;
}

/* ---- take and give ---- */

EACH_STRIDE(a_slab_is_filled_from_its_lowest_address)
{
    slab_set_init(&set, *stride, false);
    char **objs = malloc((room_of(4, *stride) + 1) * sizeof *objs);
    (void)take_slabs(5, objs);
    size_t bytes = MAX(SLAB_UNIT, *stride > SLAB_UNIT ? 4 * SLAB_UNIT : 0);
    if (*stride == (size_t)1 << 20)
        bytes = *stride;
    for (const struct slab *s = set.first; s != NULL; s = s->next, bytes = MIN(4 * bytes, SLAB_BYTES)) {
        cr_assert_eq(s->bytes, bytes, "each is four times the one before, to 4 MiB");
        cr_assert_eq(s->room, bytes / *stride, "as many as fit");
        cr_assert_eq(s->used, s == set.last ? 1 : s->room);
        cr_assert_eq((uintptr_t)s->base % SLAB_UNIT, 0);
    }
    cr_assert(slab_set_is_valid(&set));
    slab_set_release(&set);
    free(objs);
}

static int by_age(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    uint64_t slab_x = slab_of(x)->order, slab_y = slab_of(y)->order;
    return slab_x != slab_y ? (slab_x > slab_y) - (slab_x < slab_y) : (x > y) - (x < y);
}

static void shuffle(char **objs, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)rand() % i;
        char *obj = objs[i - 1];
        objs[i - 1] = objs[other];
        objs[other] = obj;
    }
}

/* Whatever the order of giving: the oldest slab first, in it the lowest address. */
EACH_STRIDE(what_was_given_is_taken_oldest_and_lowest_first)
{
    slab_set_init(&set, *stride, false);
    size_t n = room_of(3, *stride), given = MIN(n / 2, 30000);
    char **objs = malloc(n * sizeof *objs);
    take_row(objs, n);
    shuffle(objs, n);
    for (size_t i = 0; i < given; i++)
        slab_give(&set, objs[i]);
    cr_assert(slab_set_is_valid(&set));
    qsort(objs, given, sizeof *objs, by_age);
    for (size_t i = 0; i < given; i++)
        cr_assert_eq((char *)take(), objs[i], "take %zu", i);
    cr_assert_eq(set.slabs, 3, "no slab more was needed");
    cr_assert(slab_set_is_valid(&set));
    slab_set_release(&set);
    free(objs);
}

/* The bits of the last word that stand for no object, the bytes behind the last object. */
EACH_STRIDE(no_object_reaches_beyond_its_slab)
{
    slab_set_init(&set, *stride, false);
    char *last = NULL;
    do
        last = (char *)take();
    while (set.first->used < set.first->room);
    cr_assert_leq(last + *stride, set.first->base + set.first->bytes);
    memset(last, 1, *stride);
    slab_give(&set, last);
    cr_assert_eq((char *)take(), last);
    cr_assert_neq(slab_of(take()), set.first);
    slab_set_release(&set);
}

EACH_STRIDE(zero_is_the_truth)
{
    slab_set_init(&set, *stride, false);
    size_t n = room_of(3, *stride);
    char **objs = malloc(n * sizeof *objs);
    for (size_t i = 0; i < n; i++) {
        bool zero = false;
        objs[i] = slab_take(&set, &zero);
        cr_assert(zero, "object %zu was never taken before", i);
        cr_assert(bytes_are(objs[i], *stride, 0));
        memset(objs[i], 0x5a, *stride);
    }
    shuffle(objs, n);
    for (size_t i = 0; i < n / 2; i++)
        slab_give(&set, objs[i]);
    for (size_t i = 0; i < n / 2; i++) {
        bool zero = true;
        void *obj = slab_take(&set, &zero);
        cr_assert(!zero && bytes_are(obj, *stride, 0x5a), "a given object is taken as it is");
    }
    slab_set_release(&set);
    free(objs);
}

Test(slab, sets_do_not_touch_each_other)
{
    static struct slab_set other;
    slab_set_init(&set, 64, false);
    slab_set_init(&other, 64, false);
    char *mine = take(), *theirs;
    bool zero;
    theirs = slab_take(&other, &zero);
    cr_assert_neq(slab_of(mine), slab_of(theirs));
    slab_give(&set, mine);
    cr_assert_eq((char *)take(), mine);
    slab_set_release(&set);
    cr_assert(slab_set_is_valid(&other));
    cr_assert_eq(slab_of(theirs), other.first);
    slab_set_release(&other);
}

/* What is open is at most twice what the objects need, and what could not be used of full slabs. */
EACH_STRIDE(slabs_open_with_their_objects)
{
    slab_set_init(&set, *stride, false);
    for (size_t n = 1; set.slabs < 5; n++) {
        (void)take();
        size_t open = 0, lost = 0, need = n * set.stride, page = os_page_size();
        for (const struct slab *s = set.first; s != NULL; s = s->next) {
            open += s->open;
            lost += s->bytes - s->room * set.stride;
        }
        cr_assert_geq(open, need);
        cr_assert_leq(open, MAX(2 * (need + lost), MAX((size_t)16 << 10, page)) + set.stride + page,
                      "%zu objects: %zu bytes", n, open);
    }
    slab_set_release(&set);
}

/* Without 4 MiB in one piece: as when little address space is left, or little memory may be locked. */
Test(slab, slabs_are_smaller_where_there_is_no_more)
{
    struct rlimit all, little;
    char *objs[3000];
    cr_assert_eq(getrlimit(RLIMIT_AS, &all), 0);
    little = all;
    little.rlim_cur = memory_mapped() + ((size_t)2 << 20);
    if (TEST_SANITIZED)
        cr_skip_test("a sanitizer takes more address space than any limit");
    slab_set_init(&set, 1000, false);
    cr_assert_eq(setrlimit(RLIMIT_AS, &little), 0);
    size_t n = 0;
    bool zero;
    while (n < 3000 && (objs[n] = slab_take(&set, &zero)) != NULL)
        memset(objs[n++], 1, 1000);
    cr_assert_eq(setrlimit(RLIMIT_AS, &all), 0);
    cr_assert(slab_set_is_valid(&set));
    cr_assert(n >= 1048 && n < 3000, "%zu objects", n);
    cr_assert_lt(set.last->bytes, (size_t)1 << 20);
    cr_assert_leq(set.bytes, (size_t)2 << 20);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(slab_locate(slab_of(objs[i]), objs[i] + 999), objs[i]);
        slab_give(&set, objs[i]);
    }
    slab_set_release(&set);
    cr_assert_eq(set.bytes, 0);
}

/* ---- slab_of ---- */

EACH_STRIDE(any_address_of_a_slab_leads_to_it)
{
    slab_set_init(&set, *stride, false);
    while (set.slabs < 3)
        (void)take();
    const struct slab *both[] = {set.first, set.last};
    for (int i = 0; i < 2; i++) {
        const char *base = both[i]->base;
        cr_assert_eq(slab_of(base), both[i]);
        cr_assert_eq(slab_of(base + 1), both[i]);
        cr_assert_eq(slab_of(base + *stride / 2), both[i]);
        cr_assert_eq(slab_of(base + both[i]->bytes - 1), both[i]);
        cr_assert_neq(slab_of(base - 1), both[i]);
        cr_assert_neq(slab_of(base + both[i]->bytes), both[i]);
    }
    slab_set_release(&set);
}

Test(slab, other_addresses_lead_nowhere)
{
    static int in_data;
    int on_stack;
    int *on_heap = malloc(sizeof *on_heap);
    slab_set_init(&set, 64, false);
    char *obj = take();
    cr_assert_null(slab_of(NULL));
    cr_assert_null(slab_of(&on_stack));
    cr_assert_null(slab_of(&in_data));
    cr_assert_null(slab_of(on_heap));
    cr_assert_null(slab_of(set.first), "the header lies apart");
    cr_assert_null(slab_of((void *)UINTPTR_MAX));
    for (unsigned bit = 47; bit < sizeof(uintptr_t) * 8; bit++)
        cr_assert_null(slab_of((void *)((uintptr_t)1 << bit)), "bit %u", bit);
    for (unsigned bit = 48; bit < sizeof(uintptr_t) * 8; bit++)
        cr_assert_null(slab_of((void *)((uintptr_t)obj | (uintptr_t)1 << bit)), "bit %u", bit);
    slab_set_release(&set);
    free(on_heap);
}

Test(slab, release_unmaps_all_of_it)
{
    enum { OBJECTS = 5 };
    char *objs[OBJECTS];
    slab_set_init(&set, SLAB_BYTES / 2, true);
    size_t before = memory_mapped();
    for (int i = 0; i < OBJECTS; i++)
        *(objs[i] = (char *)take()) = 1;
    slab_give(&set, objs[2]);
    slab_set_release(&set);
    for (int i = 0; i < OBJECTS; i++) {
        cr_assert_null(slab_of(objs[i]));
        cr_assert_not(page_mapped(objs[i]));
    }
    cr_assert_eq(set.slabs, 0);
    cr_assert(slab_set_is_valid(&set));
    size_t after = memory_mapped();
    /* A sanitizer maps memory of its own now and then. Less than a slab, all the same. */
    size_t slack = TEST_SANITIZED ? (size_t)2 << 20 : (size_t)64 << 10;
    cr_assert_leq(after, before + slack, "%zu bytes more, beyond a leaf of the page map", after - before);
    take();
    cr_assert_eq(set.slabs, 1, "it can be used again");
    slab_set_release(&set);
}

/* Header, base and tables of the page map: each may be refused. */
Test(slab, without_memory_nothing_changes)
{
    bool zero;
    size_t refused = 0;
    slab_set_init(&set, SLAB_UNIT / 4, false);
    for (void *obj = NULL; obj == NULL; refused++) {
        size_t before = memory_mapped();
        fault_arm(FAULT_MMAP, refused, true);
        errno = 0;
        obj = slab_take(&set, &zero);
        if (obj == NULL) {
            cr_assert_eq(errno, ENOMEM);
            cr_assert_eq(set.slabs, 0);
            cr_assert_leq(memory_mapped() - before, (size_t)16 << 10, "a table of the page map may stay");
        }
        cr_assert(slab_set_is_valid(&set));
    }
    cr_assert_geq(refused, 4, "%zu calls of mmap", refused - 1);
    for (int i = 1; i < 4; i++)
        (void)take();
    fault_arm(FAULT_MMAP, 0, true);
    cr_assert_null(slab_take(&set, &zero));
    slab_give(&set, set.first->base);
    cr_assert_eq((char *)take(), set.first->base, "what there is can be taken without the system");
    fault_disarm(FAULT_MMAP);
    slab_set_release(&set);
}

/* ---- a random walk beside a model ---- */

enum { MODEL = 400 };

/* The objects taken, each full of a value of its own. */
typedef struct model {
    char *held[MODEL];
    size_t n;
} model;

static void model_take(model *m)
{
    bool zero;
    char *obj = slab_take(&set, &zero);
    must(obj != NULL, "errno %d", errno);
    for (size_t i = 0; i < m->n; i++)
        must(m->held[i] != obj, "%p was taken twice", (void *)obj);
    must(!zero || bytes_are(obj, set.stride, 0), "%p is not zero", (void *)obj);
    memset(obj, (int)(m->n % 255) + 1, set.stride);
    m->held[m->n++] = obj;
}

static void model_give(model *m)
{
    size_t i = (size_t)rand() % m->n;
    int value = (unsigned char)*m->held[i];
    must(bytes_are(m->held[i], set.stride, value), "%p was written to", (void *)m->held[i]);
    slab_give(&set, m->held[i]);
    m->held[i] = m->held[--m->n];
}

static size_t slabs_held(const model *m)
{
    size_t slabs = 0;
    for (const struct slab *s = set.first; s != NULL; s = s->next)
        for (size_t i = 0; i < m->n; i++)
            if (slab_of(m->held[i]) == s) {
                slabs++;
                break;
            }
    return slabs;
}

static size_t used(void)
{
    size_t sum = 0;
    for (const struct slab *s = set.first; s != NULL; s = s->next)
        sum += s->used;
    return sum;
}

EACH_STRIDE(a_random_walk_keeps_the_set_valid)
{
    static model m;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t most = *stride > 4096 ? 64 : MODEL;
    slab_set_init(&set, *stride, false);
    for (int step = 0; step < TEST_TIMES(6000); step++) {
        bool grows = step / 500 % 2 == 0;
        if (m.n < most && (m.n == 0 || rand() % 3 < (grows ? 2 : 1)))
            model_take(&m);
        else
            model_give(&m);
        if (step % 97 == 0) {
            slab_purge(&set, &lock);
            must(set.slabs == slabs_held(&m), "step %d: %zu slabs, %zu in use", step, (size_t)set.slabs,
                 slabs_held(&m));
        }
        must(used() == m.n, "step %d: %zu used, %zu held", step, used(), m.n);
        must(step % 16 != 0 || slab_set_is_valid(&set), "step %d", step);
    }
    slab_set_release(&set);
}

/* ---- slab_set_is_valid sees what is wrong ---- */

static struct slab *partly_used(void)
{
    slab_set_init(&set, 4097, false);
    while (set.slabs < 5)
        (void)take();
    struct slab *s = set.last->prior;
    slab_give(&set, s->base + 100 * set.stride);
    must(slab_set_is_valid(&set) && s->room == 1023, "before anything was broken");
    return s;
}

#define BREAK(place, value)                                                                                  \
    do {                                                                                                     \
        __typeof__(place) whole = (place);                                                                   \
        (place) = (value);                                                                                   \
        cr_assert_not(slab_set_is_valid(&set), "%s = %s", #place, #value);                                   \
        (place) = whole;                                                                                     \
        cr_assert(slab_set_is_valid(&set));                                                                  \
    } while (0)

Test(slab, a_broken_set_is_not_valid)
{
    struct slab *s = partly_used();
    BREAK(s->used, s->used + 1);
    BREAK(s->used, s->used - 1);
    BREAK(s->taken[0], s->taken[0] & ~(uint64_t)1);
    BREAK(s->taken[1], ~(uint64_t)0);
    BREAK(s->taken[15], s->taken[15] & ~((uint64_t)1 << 63)); /* of 1023 objects: no object's bit */
    BREAK(s->hint, 2);
    BREAK(s->base, s->base + s->bytes);
    BREAK(s->base, set.last->base);
    BREAK(s->next, NULL);
    BREAK(set.first, set.last);
    BREAK(set.slabs, 3);
    BREAK(set.hint, set.last);
    slab_set_release(&set);
}
