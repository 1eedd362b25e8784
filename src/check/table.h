/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of records by address, for ponds with create, whose objects lie anywhere (table.c). All of it under
 * the checks' lock.
 */
#ifndef POND_CHECK_TABLE_H
#define POND_CHECK_TABLE_H

#include "record.h"

struct table_node;

/* All zero, it is empty. */
struct table {
    struct table_node **buckets;
    size_t room, count; /* buckets, a power of two; nodes */
};

/* The record of the object at this address; NULL: the table has none. It stays where it is until it is
   dropped (RECORD_DROPPED) and swept. */
struct record *table_find(const struct table *t, const void *object);

/* Adds a record, all zero, for an object that the table has none of; NULL: there is no memory. */
struct record *table_add(struct table *t, const void *object);

/* Calls visit(object, its record, ctx) for each. */
void table_each(const struct table *t, void (*visit)(void *object, struct record *r, void *ctx), void *ctx);

/* Empties the table, and gives its memory back. */
void table_end(struct table *t);

#endif
