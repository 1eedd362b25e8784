/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of a unit, by their addresses. To look for one libdw goes through all entries of the unit,
 * half a millisecond where there are 3,000 functions; a profile asks for many addresses, in their order. So
 * the functions of the unit that was asked for last are kept in a table, for as long as the session stays as
 * it is.
 */
#include "session.h"
#include <dwarf.h>
#include <stdlib.h>

struct range {
    Dwarf_Addr start, end;
    Dwarf_Die function;
};

static struct {
    void *unit; /* what it is of: libdw's; NULL: there is none */
    struct range *ranges;
    size_t count, room;
    bool failed; /* no memory */
} table;

void unit_forget(void)
{
    free(table.ranges);
    table.ranges = NULL;
    table.unit = NULL;
    table.count = table.room = 0;
    table.failed = false;
}

static void table_add(Dwarf_Die *function, Dwarf_Addr start, Dwarf_Addr end)
{
    if (table.count == table.room) {
        size_t room = table.room * 2 + 64;
        struct range *more = realloc(table.ranges, room * sizeof *more);
        if (more == NULL) {
            table.failed = true;
            return;
        }
        table.ranges = more;
        table.room = room;
    }
    table.ranges[table.count++] = (struct range){start, end, *function};
}

/* A function may be in several parts. */
static void table_add_function(Dwarf_Die *function)
{
    Dwarf_Addr base, start, end;
    ptrdiff_t at = 0;
    while (!table.failed && (at = dwarf_ranges(function, at, &base, &start, &end)) > 0)
        table_add(function, start, end);
}

/* Namespaces and classes have functions in them. */
static void table_walk(Dwarf_Die *outer)
{
    Dwarf_Die entry;
    for (int none = dwarf_child(outer, &entry); none == 0 && !table.failed;
         none = dwarf_siblingof(&entry, &entry)) {
        int tag = dwarf_tag(&entry);
        if (tag == DW_TAG_subprogram)
            table_add_function(&entry);
        else if (tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type)
            table_walk(&entry);
    }
}

static int by_start(const void *one, const void *other)
{
    const struct range *a = one, *b = other;
    return (a->start > b->start) - (a->start < b->start);
}

static bool table_is_of(Dwarf_Die *unit)
{
    if (table.unit == unit->addr)
        return !table.failed;
    unit_forget();
    table.unit = unit->addr;
    table_walk(unit);
    if (table.count > 1)
        qsort(table.ranges, table.count, sizeof *table.ranges, by_start);
    return !table.failed;
}

enum unit_answer unit_function(Dwarf_Die *unit, Dwarf_Addr pc, Dwarf_Die *function)
{
    if (!table_is_of(unit))
        return UNIT_UNKNOWN;
    size_t low = 0, high = table.count; /* the first that begins behind pc */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table.ranges[middle].start <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || pc >= table.ranges[low - 1].end)
        return UNIT_NONE;
    *function = table.ranges[low - 1].function;
    return UNIT_FOUND;
}
