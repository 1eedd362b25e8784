// SPDX-License-Identifier: BSD-2-Clause
// The book of recorded objects that are live: address -> record, a table with open addressing that grows.
// Beside it a byte for each place says how many objects begin there, so that a free of any other needs no
// lock.
#include "scout.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_BITS = 14, MOST_BITS = 22 };

struct filter {
    unsigned shift;
    _Atomic unsigned char counts[]; /* 255: stays so */
};

static struct object *objects;
static unsigned bits;
static size_t used;
static struct filter *_Atomic filter;

static size_t place_of(uint64_t address, unsigned shift)
{
    return (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> shift);
}

static void *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void filter_count(struct filter *f, uint64_t address, int by)
{
    _Atomic unsigned char *count = &f->counts[place_of(address, f->shift)];
    unsigned char now = atomic_load_explicit(count, memory_order_relaxed);
    if (now != 255)
        atomic_store_explicit(count, (unsigned char)(now + by), memory_order_relaxed);
}

static void place(const struct object *o)
{
    size_t mask = ((size_t)1 << bits) - 1, at = place_of(o->address, 64 - bits);
    while (objects[at].address != 0)
        at = (at + 1) & mask;
    objects[at] = *o;
}

// A filter that somebody may be looking at is never unmapped: all of them are as large as the last one.
static bool grow(unsigned to)
{
    size_t old_size = objects == NULL ? 0 : (size_t)1 << bits, size = (size_t)1 << to;
    struct object *old = objects, *larger = map(size * sizeof *larger);
    struct filter *f = map(sizeof *f + size);
    if (larger == NULL || f == NULL) {
        if (larger != NULL)
            munmap(larger, size * sizeof *larger);
        return false;
    }
    f->shift = 64 - to;
    objects = larger;
    bits = to;
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].address == 0)
            continue;
        place(&old[i]);
        filter_count(f, old[i].address, 1);
    }
    /* Pairs with the load in book_may_have: who sees the filter sees its counts. */
    atomic_store_explicit(&filter, f, memory_order_release);
    if (old != NULL)
        munmap(old, old_size * sizeof *old);
    return true;
}

// In a forked child, too: what its parent had is not its own.
bool book_open(void)
{
    if (objects != NULL)
        munmap(objects, ((size_t)1 << bits) * sizeof *objects);
    objects = NULL;
    used = 0;
    return grow(FIRST_BITS);
}

bool book_may_have(uint64_t address)
{
    struct filter *f = atomic_load_explicit(&filter, memory_order_acquire);
    return f != NULL &&
           atomic_load_explicit(&f->counts[place_of(address, f->shift)], memory_order_relaxed) != 0;
}

bool book_add(const struct object *o)
{
    if (used >= (size_t)1 << (bits - 1) && (bits == MOST_BITS || !grow(bits + 1)))
        return false;
    place(o);
    used++;
    filter_count(atomic_load_explicit(&filter, memory_order_relaxed), o->address, 1);
    return true;
}

// Closes the gap: whoever lies behind it and may lie nearer moves up.
static void close_gap(size_t gap)
{
    size_t mask = ((size_t)1 << bits) - 1;
    for (size_t at = (gap + 1) & mask; objects[at].address != 0; at = (at + 1) & mask) {
        size_t home = place_of(objects[at].address, 64 - bits);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        objects[gap] = objects[at];
        gap = at;
    }
    objects[gap].address = 0;
}

bool book_take(uint64_t address, struct object *o)
{
    size_t mask = ((size_t)1 << bits) - 1, at = place_of(address, 64 - bits);
    while (objects[at].address != address) {
        if (objects[at].address == 0)
            return false;
        at = (at + 1) & mask;
    }
    *o = objects[at];
    close_gap(at);
    used--;
    filter_count(atomic_load_explicit(&filter, memory_order_relaxed), address, -1);
    return true;
}
