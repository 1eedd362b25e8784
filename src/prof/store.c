// SPDX-License-Identifier: BSD-2-Clause
// Unpacks, within bounds.
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

static const size_t MOST_MEMORY = (size_t)1 << 30;

// The size lies before the block, so that what is freed is known.
enum { HEAD = 16 };

static void *take(void *context, size_t size)
{
    store *s = context;
    if (size > MOST_MEMORY || s->used > MOST_MEMORY - size)
        return NULL;
    unsigned char *block = malloc(size + HEAD);
    if (block == NULL)
        return NULL;
    *(size_t *)(void *)block = size + HEAD;
    s->used += size + HEAD;
    return block + HEAD;
}

static void give(void *context, void *block)
{
    store *s = context;
    if (block == NULL)
        return;
    unsigned char *head = (unsigned char *)block - HEAD;
    s->used -= *(size_t *)(void *)head;
    free(head);
}

store *store_unpack(const bytes *encoded, trouble *t)
{
    store *s = allocate(1, sizeof *s);
    s->allocator = (ProtobufCAllocator){.alloc = take, .free = give, .allocator_data = s};
    s->proto = perftools__profiles__profile__unpack(&s->allocator, encoded->size, encoded->data);
    if (s->proto != NULL)
        return s;
    free(s);
    fail_note(t, "it is not a profile: no profile.proto, gzipped or not.");
    return NULL;
}

void store_free(store *s)
{
    if (s == NULL)
        return;
    perftools__profiles__profile__free_unpacked(s->proto, &s->allocator);
    free(s);
}

static int by_id(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

bool places_sort(places *all, const char *what, trouble *t)
{
    qsort(all->sorted, all->count, sizeof *all->sorted, by_id);
    for (size_t i = 0; i < all->count; i++) {
        uint64_t id = all->sorted[i].id;
        if (id == 0)
            return fail(t, "it is not a profile: a %s has the id 0.", what);
        if (i > 0 && all->sorted[i - 1].id == id)
            return fail(t, "it is not a profile: two %ss have the id %" PRIu64 ".", what, id);
    }
    return true;
}

bool places_find(const places *all, uint64_t id, size_t *at)
{
    size_t low = 0, high = all->count;
    if (id - 1 < high && all->sorted[id - 1].id == id) {
        *at = all->sorted[id - 1].at; // as most writers number them
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->sorted[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == all->count || all->sorted[low].id != id)
        return false;
    *at = all->sorted[low].at;
    return true;
}
