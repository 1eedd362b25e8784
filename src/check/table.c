/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of records by address (see table.h): hash tables with a list of nodes in each bucket. */
#include "table.h"

struct table_node {
    struct table_node *next;
    uintptr_t not_object; /* its bits are those of the address, inverted: no pointer for a search for leaks */
    uint64_t record[(sizeof(struct record) + 7) / 8];
};

static void *object_in(const struct table_node *n)
{
    return (void *)~n->not_object;
}

static struct record *record_in(struct table_node *n)
{
    return (struct record *)(void *)n->record;
}

/* ---- nodes ---- */

#define TABLE_CHUNK ((size_t)64 << 10)

/* Nodes are never unmapped: those of tables that ended are used again. */
static struct table_node *free_nodes;

static struct table_node *node_take(void)
{
    if (free_nodes == NULL) {
        struct table_node *chunk = os_map(TABLE_CHUNK);
        for (size_t i = 0; chunk != NULL && i < TABLE_CHUNK / sizeof(*chunk); i++) {
            chunk[i].next = free_nodes;
            free_nodes = &chunk[i];
        }
    }
    struct table_node *n = free_nodes;
    if (n != NULL) {
        free_nodes = n->next;
        *n = (struct table_node){.next = NULL};
    }
    return n;
}

static void node_give(struct table_node *n)
{
    n->next = free_nodes;
    free_nodes = n;
}

/* ---- buckets ---- */

#define TABLE_ROOM 512 /* buckets of the first allocation */

static struct table_node **bucket(const struct table *t, const void *object)
{
    POND_ASSERT(t->room > 0 && (t->room & (t->room - 1)) == 0);
    uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
    return &t->buckets[(hash >> 32) & (t->room - 1)];
}

/* Gives the table so many buckets. False: there is no memory for them. */
static bool table_grow(struct table *t, size_t room)
{
    struct table grown = {
        .buckets = os_map(room * sizeof(struct table_node *)), .room = room, .count = t->count};
    if (grown.buckets == NULL)
        return false;
    for (size_t i = 0; i < t->room; i++)
        for (struct table_node *n = t->buckets[i], *next; n != NULL; n = next) {
            next = n->next;
            n->next = *bucket(&grown, object_in(n));
            *bucket(&grown, object_in(n)) = n;
        }
    if (t->buckets != NULL)
        os_unmap(t->buckets, t->room * sizeof(struct table_node *));
    *t = grown;
    return true;
}

/* Takes out the records of objects that were dropped: they need not be known for ever. */
static void table_sweep(struct table *t)
{
    for (size_t i = 0; i < t->room; i++)
        for (struct table_node **at = &t->buckets[i]; *at != NULL;) {
            struct table_node *n = *at;
            if (LOAD(record_in(n)->state) != RECORD_DROPPED) { /* Relaxed: nobody reads more of it */
                at = &n->next;
                continue;
            }
            *at = n->next;
            node_give(n);
            POND_ASSERT(t->count > 0);
            t->count--;
        }
}

struct record *table_find(const struct table *t, const void *object)
{
    struct table_node *n = t->room == 0 ? NULL : *bucket(t, object);
    while (n != NULL && object_in(n) != object)
        n = n->next;
    return n == NULL ? NULL : record_in(n);
}

struct record *table_add(struct table *t, const void *object)
{
    POND_ASSERT(table_find(t, object) == NULL);
    if (t->count >= t->room && t->room > 0)
        table_sweep(t);
    if (t->count * 2 >= t->room && !table_grow(t, MAX(t->room * 2, TABLE_ROOM)) && t->room == 0)
        return NULL;
    struct table_node *n = node_take();
    if (n == NULL)
        return NULL;
    n->not_object = ~(uintptr_t)object;
    n->next = *bucket(t, object);
    *bucket(t, object) = n;
    t->count++;
    return record_in(n);
}

void table_each(const struct table *t, void (*visit)(void *object, struct record *r, void *ctx), void *ctx)
{
    for (size_t i = 0; i < t->room; i++)
        for (struct table_node *n = t->buckets[i]; n != NULL; n = n->next)
            visit(object_in(n), record_in(n), ctx);
}

void table_end(struct table *t)
{
    for (size_t i = 0; i < t->room; i++)
        for (struct table_node *n = t->buckets[i], *next; n != NULL; n = next) {
            next = n->next;
            node_give(n);
        }
    if (t->buckets != NULL)
        os_unmap(t->buckets, t->room * sizeof(struct table_node *));
    *t = (struct table){.room = 0};
}
