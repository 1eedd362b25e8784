/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "watch.h"
#include <errno.h>
#include <string.h>

/* ---- the page map: address -> slab ---- */

/*
 * Two levels over the upper bits of an address of 48 bits, or of 32: then the root has one entry. Read
 * without a lock: an entry is stored with release after its slab's header is filled, and loaded with acquire.
 * Leaves are never freed.
 */
#if UINTPTR_MAX > UINT32_MAX
#define MAP_ADDRESS_BITS 48
#define MAP_LEAF_BITS 13
#else
#define MAP_ADDRESS_BITS 32
#define MAP_LEAF_BITS 10
#endif
#define MAP_SLAB_BITS 22
#define MAP_LEAF_ENTRIES ((size_t)1 << MAP_LEAF_BITS)
#define MAP_ROOT_ENTRIES ((size_t)1 << (MAP_ADDRESS_BITS - MAP_SLAB_BITS - MAP_LEAF_BITS))

_Static_assert(SLAB_BYTES == (size_t)1 << MAP_SLAB_BITS, "one entry a slab");
_Static_assert(MAP_SLAB_BITS + MAP_LEAF_BITS <= MAP_ADDRESS_BITS, "an address has an entry");
_Static_assert(MAP_ADDRESS_BITS <= sizeof(uintptr_t) * 8, "an address has these bits");

static struct {
    pthread_mutex_t lock; /* for writers */
    struct slab **root[MAP_ROOT_ENTRIES];
} map = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Two shifts: of 32 bits, all at once are not defined. */
static size_t map_root(const void *address)
{
    return (uintptr_t)address >> MAP_SLAB_BITS >> MAP_LEAF_BITS;
}

static struct slab **map_entry(const void *address)
{
    if (map_root(address) >= MAP_ROOT_ENTRIES)
        return NULL;
    struct slab **leaf = __atomic_load_n(&map.root[map_root(address)], __ATOMIC_ACQUIRE);
    return leaf == NULL ? NULL : &leaf[(uintptr_t)address >> MAP_SLAB_BITS & (MAP_LEAF_ENTRIES - 1)];
}

static bool map_grow(const void *address)
{
    if (map_root(address) >= MAP_ROOT_ENTRIES) {
        errno = ENOMEM; /* an address wider than 48 bits */
        return false;
    }
    void *leaf = os_map(MAP_LEAF_ENTRIES * sizeof(struct slab *));
    if (leaf == NULL)
        return false;
    __atomic_store_n(&map.root[map_root(address)], leaf, __ATOMIC_RELEASE);
    return true;
}

static bool map_set(const void *address, struct slab *s)
{
    pthread_mutex_lock(&map.lock);
    bool room = map_entry(address) != NULL || map_grow(address);
    if (room)
        __atomic_store_n(map_entry(address), s, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&map.lock);
    return room;
}

struct slab *slab_of(const void *address)
{
    struct slab **entry = map_entry(address);
    return entry == NULL ? NULL : __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* With the map's lock. */
void slab_each_mapped(void (*visit)(const struct slab *s, void *ctx), void *ctx)
{
    for (size_t root = 0; root < MAP_ROOT_ENTRIES; root++)
        for (size_t i = 0; map.root[root] != NULL && i < MAP_LEAF_ENTRIES; i++)
            if (map.root[root][i] != NULL)
                visit(map.root[root][i], ctx);
}

void slab_fork_prepare(void)
{
    pthread_mutex_lock(&map.lock);
}

void slab_fork_done(void)
{
    pthread_mutex_unlock(&map.lock);
}

/* ---- a set and its slabs ---- */

/* Of a set's first slab: what is open is at most twice what is used, from this many bytes on. */
#define SLAB_FIRST_OPEN ((size_t)16 << 10)

void slab_set_init(struct slab_set *set, size_t stride, bool keep_mapped)
{
    *set = (struct slab_set){
        .stride = stride, .per_slab = (uint32_t)(SLAB_BYTES / stride), .keep_mapped = keep_mapped};
}

static size_t slab_words(const struct slab_set *set)
{
    return ((size_t)set->per_slab + 63) / 64;
}

static void slab_unmap_header(struct slab *s)
{
    if (s->annex != NULL) {
        watch_unmapped(s->annex, s->annex_bytes);
        os_unmap(s->annex, s->annex_bytes);
    }
    os_unmap(s, s->header_bytes);
}

static void slab_unmap(struct slab *s)
{
    (void)map_set(s->base, NULL);
    watch_unmapped(s->base, s->bytes);
    os_release(s->base, s->bytes);
    slab_unmap_header(s);
}

static struct slab *slab_map_header(struct slab_set *set)
{
    size_t page = os_page_size();
    size_t bytes = sizeof(struct slab) + slab_words(set) * sizeof(uint64_t);
    bytes = (bytes + page - 1) & ~(page - 1);
    struct slab *s = os_map(bytes);
    if (s == NULL)
        return NULL;
    s->set = set;
    s->header_bytes = bytes;
    return s;
}

/* A process that may lock or map little more has smaller slabs, down to those that open at first. */
static bool slab_reserve(struct slab *s)
{
    size_t least = MAX(s->set->stride, MAX(SLAB_FIRST_OPEN, os_page_size()));
    for (s->bytes = SLAB_BYTES; s->bytes >= least; s->bytes /= 4) {
        s->base = os_reserve(s->bytes, SLAB_BYTES);
        if (s->base != NULL)
            break;
    }
    if (s->base == NULL)
        return false;
    s->room = (uint32_t)(s->bytes / s->set->stride);
    for (size_t word = s->room / 64; word < slab_words(s->set); word++)
        s->taken[word] = word == s->room / 64 ? ~(uint64_t)0 << s->room % 64 : ~(uint64_t)0;
    return true;
}

/* True: it was not resident so far. */
static bool touch(struct slab *s, size_t page)
{
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
    for (size_t word = 0; word < SLAB_PAGES / 64; word++)
        pages += (uint64_t)__builtin_popcountll(s->touched[word]);
    return pages;
}

/* So that `end` is open. More is opened than was asked for, as long as the kernel has it. */
static bool slab_open(struct slab *s, size_t end, size_t wish)
{
    size_t page = os_page_size(), need = (end + page - 1) & ~(page - 1);
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

/* A set's first slab grows with it; one that fills slabs will need all of the next. */
static bool slab_map_objects(struct slab *s)
{
    if (!slab_reserve(s))
        return false;
    if (slab_open(s, s->set->stride, s->set->slabs == 0 ? SLAB_FIRST_OPEN : s->bytes) && map_set(s->base, s))
        return true;
    s->set->resident -= touched_pages(s);
    os_release(s->base, s->bytes);
    return false;
}

static struct slab *slab_map(struct slab_set *set)
{
    struct slab *s = slab_map_header(set);
    if (s == NULL)
        return NULL;
    if (slab_map_objects(s)) {
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
    s->prior = set->last;
    *(s->prior != NULL ? &s->prior->next : &set->first) = s;
    set->last = s;
    return s;
}

static void slab_unlink(struct slab_set *set, struct slab *s)
{
    *(s->prior != NULL ? &s->prior->next : &set->first) = s->next;
    *(s->next != NULL ? &s->next->prior : &set->last) = s->prior;
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

/* Marks the object's pages as resident from now on; true if none was before. */
static bool touch_pages(struct slab *s, const struct slab_set *set, size_t object)
{
    bool untouched = true;
    for (size_t page = first_page(set, object); page <= last_page(set, object); page++)
        untouched = touch(s, page) && untouched;
    return untouched;
}

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

/* Oldest slab first, lowest address first: so that the others empty. */
void *slab_take(struct slab_set *set, bool *zero)
{
    struct slab *s = slab_with_room(set);
    if (s == NULL)
        return NULL;
    while (s->taken[s->hint] == ~(uint64_t)0)
        s->hint++;
    uint32_t object = s->hint * 64 + (uint32_t)__builtin_ctzll(~s->taken[s->hint]);
    size_t end = (object + 1) * set->stride;
    if (end > s->open && !slab_open(s, end, 2 * s->open))
        return NULL;
    s->taken[s->hint] |= (uint64_t)1 << object % 64;
    s->used++;
    *zero = touch_pages(s, set, object) || object >= s->fresh;
    s->fresh = MAX(s->fresh, object + 1);
    return s->base + object * set->stride;
}

static void slab_mark_dirty(struct slab_set *set, struct slab *s)
{
    s->purge_page = 0;
    if (s->dirty)
        return;
    s->dirty = true;
    s->dirty_next = set->dirty;
    set->dirty = s;
}

void slab_give(struct slab_set *set, void *obj)
{
    struct slab *s = slab_of(obj);
    POND_ASSERT(s != NULL);
    size_t object = (size_t)((char *)obj - s->base) / set->stride;
    POND_ASSERT((s->taken[object / 64] >> object % 64 & 1) != 0);
    s->taken[object / 64] &= ~((uint64_t)1 << object % 64);
    s->used--;
    s->hint = MIN(s->hint, (uint32_t)(object / 64));
    if (set->hint == NULL || s->order < set->hint->order)
        set->hint = s;
    slab_mark_dirty(set, s);
}

/* ---- what others keep of each object ---- */

/* Mapped by whoever asks first; its header and it go together. */
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
    return (s->taken[object / 64] >> object % 64 & 1) != 0;
}

void *slab_locate(const struct slab *s, const void *address)
{
    size_t object = (size_t)((const char *)address - s->base) / s->set->stride;
    return object < s->room && is_taken(s, object) ? s->base + object * s->set->stride : NULL;
}

void slab_each(struct slab_set *set, slab_visitor *visit, void *ctx)
{
    for (struct slab *s = set->first; s != NULL; s = s->next)
        for (size_t object = 0; object < s->room; object++)
            if (is_taken(s, object))
                visit(s, object, ctx);
}

/* ---- giving memory back ---- */

#define PURGE_SCAN 128 /* most pages looked at in one step: the owner's lock is held for that long */

static bool objects_free(const struct slab *s, size_t first, size_t last)
{
    for (size_t word = first / 64; word <= last / 64; word++) {
        uint64_t mask = ~(uint64_t)0;
        if (word == first / 64)
            mask &= ~(uint64_t)0 << first % 64;
        if (word == last / 64)
            mask &= ~(uint64_t)0 >> (63 - last % 64);
        if ((s->taken[word] & mask) != 0)
            return false;
    }
    return true;
}

static bool page_purgeable(const struct slab *s, const struct slab_set *set, size_t page)
{
    if ((s->touched[page / 64] >> page % 64 & 1) == 0)
        return false;
    size_t bytes = os_page_size();
    size_t last = ((page + 1) * bytes - 1) / set->stride;
    return objects_free(s, page * bytes / set->stride, MIN(last, s->room - 1));
}

static void purge_run(struct slab *s, size_t from, size_t to)
{
    size_t bytes = os_page_size();
    if (from == to || !os_purge(s->base + from * bytes, (to - from) * bytes))
        return;
    watch_zeroed(s->base + from * bytes, (to - from) * bytes);
    for (size_t page = from; page < to; page++)
        s->touched[page / 64] &= ~((uint64_t)1 << page % 64); /* each was touched: page_purgeable */
    s->set->resident -= to - from;
}

static void purge_pages(struct slab *s, const struct slab_set *set, size_t from, size_t to)
{
    size_t run = from;
    for (size_t page = from; page < to; page++) {
        if (page_purgeable(s, set, page))
            continue;
        purge_run(s, run, page);
        run = page + 1;
    }
    purge_run(s, run, to);
}

/* One step: true while there is more to do. *empty: a slab taken out of the set, to be unmapped. */
static bool purge_step(struct slab_set *set, struct slab **empty)
{
    struct slab *s = set->dirty;
    size_t pages = SLAB_BYTES / os_page_size();
    if (s == NULL)
        return false;
    if (s->used == 0 && !set->keep_mapped) {
        set->dirty = s->dirty_next;
        slab_unlink(set, s);
        *empty = s;
        return true;
    }
    size_t to = MIN(s->purge_page + PURGE_SCAN, pages);
    purge_pages(s, set, s->purge_page, to);
    s->purge_page = (uint32_t)to;
    if (to == pages) {
        set->dirty = s->dirty_next;
        s->dirty = false;
    }
    return true;
}

/* Others may dirty the slabs again meanwhile: the steps are counted, what is left waits for the next call. */
void slab_purge(struct slab_set *set, pthread_mutex_t *lock)
{
    uint64_t steps = UINT64_MAX;
    bool more = true;
    while (more && steps-- > 0) {
        struct slab *empty = NULL;
        pthread_mutex_lock(lock);
        if (steps == UINT64_MAX - 1)
            steps = (set->slabs + 1) * (SLAB_PAGES / PURGE_SCAN + 1);
        more = purge_step(set, &empty);
        pthread_mutex_unlock(lock);
        if (empty != NULL)
            slab_unmap(empty);
    }
}

/* ---- validity ---- */

static bool slab_is_valid(const struct slab *s, const struct slab_set *set)
{
    size_t bits = 0;
    for (size_t word = 0; word < slab_words(set); word++) {
        bits += (size_t)__builtin_popcountll(s->taken[word]);
        if (word < s->hint && s->taken[word] != ~(uint64_t)0)
            return false;
    }
    return slab_of(s->base) == s && bits == s->used + slab_words(set) * 64 - s->room;
}

bool slab_set_is_valid(const struct slab_set *set)
{
    uint64_t slabs = 0, resident = 0;
    bool before_hint = set->hint != NULL;
    for (const struct slab *s = set->first; s != NULL; s = s->next) {
        before_hint = before_hint && s != set->hint;
        if (!slab_is_valid(s, set) || (before_hint && s->used < s->room))
            return false;
        slabs++;
        resident += touched_pages(s);
    }
    return slabs == set->slabs && resident == set->resident;
}
