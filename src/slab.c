/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "queue.h"
#include "watch.h"
#include <errno.h>
#include <string.h>

/* ---- a set and its slabs ---- */

/* So much of a first slab is opened at once; from there on at most twice as much is open as is used. */
#define SLAB_FIRST_OPEN ((size_t)16 << 10)

void slab_set_init(struct slab_set *set, size_t stride, bool keep_mapped)
{
    POND_ASSERT(stride > 0);
    *set = (struct slab_set){.stride = stride, .keep_mapped = keep_mapped};
}

static size_t pages_in(size_t bytes)
{
    return rounded_up(bytes, os_page_size()) / os_page_size();
}

size_t slab_pages(const struct slab *s)
{
    return pages_in(s->bytes);
}

static void slab_unmap_header(struct slab *s)
{
    if (s->annex != NULL) {
        watch_unmapped(s->annex, s->annex_bytes);
        os_unmap(s->annex, s->annex_bytes);
    }
    os_unmap(s, s->header_bytes);
}

void slab_unmap(struct slab *s)
{
    (void)pagemap_set(s->base, s->bytes, NULL);
    watch_unmapped(s->base, s->bytes);
    os_release(s->base, s->bytes);
    slab_unmap_header(s);
}

/* Maps the header of a slab for `bytes` of objects, or less. */
static struct slab *slab_map_header(struct slab_set *set, size_t bytes)
{
    size_t objects = bit_words(bytes / set->stride), pages = bit_words(pages_in(bytes));
    size_t header = rounded_up(sizeof(struct slab) + (objects + pages) * sizeof(uint64_t), os_page_size());
    struct slab *s = os_map(header);
    if (s == NULL)
        return NULL;
    s->set = set;
    s->header_bytes = header;
    s->touched = s->taken + objects;
    return s;
}

/* Reserves the memory of objects. A process that may lock or map little more has smaller slabs, down to the
 * bytes that are opened at first. */
static bool slab_reserve(struct slab *s, size_t bytes)
{
    size_t stride = s->set->stride, least = MAX(stride, MAX(SLAB_FIRST_OPEN, os_page_size()));
    for (s->bytes = bytes; s->bytes >= least; s->bytes /= 4) {
        s->base = os_reserve(s->bytes, SLAB_UNIT);
        if (s->base != NULL)
            break;
    }
    if (s->base == NULL)
        return false;
    s->room = (uint32_t)(s->bytes / stride);
    s->words = (uint32_t)bit_words(s->room);
    if (s->room % 64 != 0)
        s->taken[s->words - 1] = ~(uint64_t)0 << s->room % 64;
    return true;
}

/* Notes that the page may be resident. True: it was not so far. */
static bool touch(struct slab *s, size_t page)
{
    POND_ASSERT(page < slab_pages(s));
    uint64_t bit = (uint64_t)1 << page % 64;
    if ((s->touched[page / 64] & bit) != 0)
        return false;
    s->touched[page / 64] |= bit;
    s->set->resident++;
    return true;
}

static uint64_t touched_pages(const struct slab *s)
{
    uint64_t pages = 0;
    for (size_t word = 0; word < bit_words(slab_pages(s)); word++)
        pages += (uint64_t)__builtin_popcountll(s->touched[word]);
    return pages;
}

/* Opens the slab up to `end`, and up to `wish` if the kernel has it. */
static bool slab_open(struct slab *s, size_t end, size_t wish)
{
    POND_ASSERT(end > s->open && end <= s->bytes);
    size_t page = os_page_size(), need = rounded_up(end, page);
    size_t steps[] = {MIN(MAX(need, wish), s->bytes), need, s->bytes}; /* the last splits no mapping */
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        size_t more = steps[i] - s->open;
        if (!os_open(s->base + s->open, more))
            continue;
        bool locked = os_is_locked(s->base + s->open, more);
        for (size_t at = s->open / page; locked && at < steps[i] / page; at++)
            (void)touch(s, at);
        s->open = steps[i];
        return true;
    }
    return false;
}

/* Reserves and opens the memory of objects. The slabs before are full: as much again may be open. */
static bool slab_map_objects(struct slab *s, size_t bytes)
{
    if (!slab_reserve(s, bytes))
        return false;
    if (slab_open(s, s->set->stride, MAX((size_t)s->set->bytes, SLAB_FIRST_OPEN)) &&
        pagemap_set(s->base, s->bytes, s))
        return true;
    s->set->resident -= touched_pages(s);
    os_release(s->base, s->bytes);
    return false;
}

/*
 * How many bytes the next slab has: a set reserves little more than it needs, and a large one has few slabs.
 */
static size_t bytes_of_next(const struct slab_set *set)
{
    if (set->stride > SLAB_LARGE)
        return rounded_up(set->stride, SLAB_UNIT);
    size_t bytes =
        set->last == NULL ? SLAB_UNIT : MIN(rounded_up(set->last->bytes, SLAB_UNIT) * 4, SLAB_BYTES);
    while (bytes < set->stride)
        bytes *= 4;
    return bytes;
}

static struct slab *slab_map(struct slab_set *set)
{
    size_t bytes = bytes_of_next(set);
    struct slab *s = slab_map_header(set, bytes);
    if (s == NULL)
        return NULL;
    if (slab_map_objects(s, bytes)) {
        watch_mapped(s->base, s->bytes); /* what is not open yet no search can read, and none does */
        return s;
    }
    slab_unmap_header(s);
    errno = ENOMEM;
    return NULL;
}

static struct slab *slab_append(struct slab_set *set)
{
    struct slab *s = slab_map(set);
    if (s == NULL)
        return NULL;
    s->order = set->made++;
    set->slabs++;
    set->bytes += s->bytes;
    QUEUE_APPEND(set->first, set->last, s, next, prior);
    return s;
}

void slab_unlink(struct slab_set *set, struct slab *s)
{
    POND_ASSERT(s->set == set && s->used == 0 && set->slabs > 0);
    QUEUE_REMOVE(set->first, set->last, s, next, prior);
    if (set->hint == s)
        set->hint = s->next;
    set->slabs--;
    set->bytes -= s->bytes;
    set->resident -= touched_pages(s);
}

void slab_set_release(struct slab_set *set)
{
    for (struct slab *s = set->first, *next; s != NULL; s = next) {
        next = s->next;
        slab_unmap(s);
    }
    set->first = set->last = set->hint = set->dirty = NULL;
    set->slabs = set->bytes = set->resident = 0;
}

/* ---- objects ---- */

static size_t first_page(const struct slab_set *set, size_t object)
{
    return object * set->stride / os_page_size();
}

static size_t last_page(const struct slab_set *set, size_t object)
{
    return ((object + 1) * set->stride - 1) / os_page_size();
}

/*
 * Marks the pages of objects as resident from now on. True: none of them was, or, where the objects were
 * never taken, those that were are zero all the same. The run learns which pages were not.
 */
static bool touch_pages(struct slab *s, const struct slab_set *set, size_t object, struct slab_run *run)
{
    size_t first = first_page(set, object), last = last_page(set, object + run->count - 1), page = first;
    while (page <= last && !touch(s, page))
        page++;
    bool untouched = page == first;
    run->new_pages = s->base + page * os_page_size();
    run->new_bytes = (last + 1 - page) * os_page_size();
    while (++page <= last)
        untouched = touch(s, page) && untouched;
    return untouched || object >= s->fresh;
}

/* The oldest slab that has a free object; NULL: there is no memory for another one. */
static struct slab *slab_with_room(struct slab_set *set)
{
    struct slab *s = set->hint;
    while (s != NULL && s->used == s->room)
        s = s->next;
    if (s == NULL)
        s = slab_append(set);
    if (s != NULL)
        set->hint = s;
    return s;
}

/* How many free objects lie in a row from the first on, which is free: within a word of the bitmap, and on
   through words in which all are. */
static uint32_t free_row(const struct slab *s, uint32_t first, uint32_t most)
{
    uint64_t free = ~s->taken[first / 64] >> first % 64;
    uint32_t n = ~free == 0 ? 64 : (uint32_t)__builtin_ctzll(~free);
    while (n < most && (first + n) % 64 == 0 && (first + n) / 64 < s->words) {
        free = ~s->taken[(first + n) / 64];
        n += ~free == 0 ? 64 : (uint32_t)__builtin_ctzll(~free);
        if (~free != 0)
            break;
    }
    return MIN(n, most);
}

static void mark_taken(struct slab *s, uint32_t first, uint32_t n)
{
    for (uint32_t at = first, end = first + n; at < end;) {
        uint32_t in_word = MIN(end - at, 64 - at % 64);
        STORE(s->taken[at / 64], s->taken[at / 64] | ~(uint64_t)0 >> (64 - in_word) << at % 64);
        at += in_word;
    }
    s->used += n;
}

/* Takes from the oldest slab first, and of it the lowest address first: so that the others empty. */
bool slab_take_run(struct slab_set *set, uint32_t most, struct slab_run *run)
{
    POND_ASSERT(most > 0);
    struct slab *s = slab_with_room(set);
    if (s == NULL)
        return false;
    while (s->taken[s->hint] == ~(uint64_t)0)
        s->hint++;
    uint32_t object = s->hint * 64 + (uint32_t)__builtin_ctzll(~s->taken[s->hint]);
    run->count = free_row(s, object, most);
    POND_ASSERT(run->count > 0 && object + run->count <= s->room && s->used + run->count <= s->room);
    size_t end = (object + run->count) * set->stride;
    if (end > s->open && !slab_open(s, end, 2 * s->open))
        return most > 1 && slab_take_run(set, 1, run);
    mark_taken(s, object, run->count);
    run->zero = touch_pages(s, set, object, run);
    run->base = s->base + object * set->stride;
    s->fresh = MAX(s->fresh, object + run->count);
    return true;
}

void *slab_take(struct slab_set *set, bool *zero)
{
    struct slab_run run;
    if (!slab_take_run(set, 1, &run))
        return NULL;
    *zero = run.zero;
    return run.base;
}

/* Puts the slab on the set's dirty list, and begins its next purge at its first page. */
static void slab_mark_dirty(struct slab_set *set, struct slab *s)
{
    s->purge_page = 0;
    if (s->dirty)
        return;
    s->dirty = true;
    s->dirty_next = set->dirty;
    set->dirty = s;
}

/* Notes that n objects are free, a word of the bitmap at a time. */
static void mark_free(struct slab *s, uint32_t first, uint32_t n)
{
    POND_ASSERT(first + n <= s->fresh && n <= s->used);
    for (uint32_t at = first, end = first + n; at < end;) {
        uint32_t in_word = MIN(end - at, 64 - at % 64);
        uint64_t bits = ~(uint64_t)0 >> (64 - in_word) << at % 64;
        POND_ASSERT((s->taken[at / 64] & bits) == bits);
        STORE(s->taken[at / 64], s->taken[at / 64] & ~bits);
        at += in_word;
    }
    s->used -= n;
}

void slab_give_run(struct slab_set *set, char *base, uint32_t n)
{
    struct slab *s = slab_of(base);
    POND_ASSERT(s != NULL && s->set == set && (size_t)(base - s->base) % set->stride == 0);
    uint32_t object = (uint32_t)((size_t)(base - s->base) / set->stride);
    mark_free(s, object, n);
    s->hint = MIN(s->hint, object / 64);
    if (set->hint == NULL || s->order < set->hint->order)
        set->hint = s;
    slab_mark_dirty(set, s);
}

void slab_give(struct slab_set *set, void *obj)
{
    slab_give_run(set, obj, 1);
}

/* ---- what others keep of each object ---- */

/*
 * Maps the annex for whoever asks first; it goes with the slab's header. Pairs with itself on another thread:
 * of two that map one, one stores its own and the other takes that, and finds it zero. A third one that loads
 * it finds annex_bytes stored.
 */
void *slab_annex(struct slab *s, size_t bytes)
{
    void *annex = __atomic_load_n(&s->annex, __ATOMIC_ACQUIRE);
    if (annex != NULL)
        return annex;
    size_t all = s->room * bytes;
    void *mine = os_map(all);
    if (mine == NULL)
        return NULL;
    STORE(s->annex_bytes, all);
    if (__atomic_compare_exchange_n(&s->annex, &annex, mine, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
        watch_mapped(mine, all);
        return mine;
    }
    os_unmap(mine, all);
    return annex;
}

static bool is_taken(const struct slab *s, size_t object)
{
    uint64_t word = LOAD(s->taken[object / 64]);
    return bit_is_set(&word, object % 64);
}

void *slab_locate(const struct slab *s, const void *address)
{
    size_t object = (size_t)((const char *)address - s->base) / s->set->stride;
    return object < s->room && is_taken(s, object) ? s->base + object * s->set->stride : NULL;
}

/* Looks with the map locked: meanwhile no slab is unmapped. */
struct pond *slab_owner_at(const void *address)
{
    pagemap_lock();
    const struct slab *s = slab_of(address);
    bool there = s != NULL && slab_locate(s, address) != NULL;
    struct pond *owner = there ? s->set->owner : NULL;
    pagemap_unlock();
    return owner;
}

void slab_each(struct slab_set *set, slab_visitor *visit, void *ctx)
{
    for (struct slab *s = set->first; s != NULL; s = s->next)
        for (size_t object = 0; object < s->room; object++)
            if (is_taken(s, object))
                visit(s, object, ctx);
}

/* ---- validity ---- */

/* Counts the bits of one slab: as many as are used, and none free before the hint. */
static bool slab_is_valid(const struct slab *s)
{
    size_t bits = 0;
    if (s->used > s->room || s->fresh > s->room || s->open > s->bytes)
        return false;
    for (size_t word = 0; word < s->words; word++) {
        bits += (size_t)__builtin_popcountll(s->taken[word]);
        if (word < s->hint && s->taken[word] != ~(uint64_t)0)
            return false;
    }
    return slab_of(s->base) == s && bits == s->used + (size_t)s->words * 64 - s->room;
}

bool slab_set_is_valid(const struct slab_set *set)
{
    uint64_t slabs = 0, resident = 0;
    bool before_hint = set->hint != NULL;
    for (const struct slab *s = set->first; s != NULL; s = s->next) {
        before_hint = before_hint && s != set->hint;
        if (!slab_is_valid(s) || (before_hint && s->used < s->room))
            return false;
        slabs++;
        resident += touched_pages(s);
    }
    return slabs == set->slabs && resident == set->resident;
}
