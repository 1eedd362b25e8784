/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions with what was got in them (flat) and in them and what they called (cum): one profile's, or two's.
 */
#ifndef PROF_TABLE_H
#define PROF_TABLE_H

#include "../flame/tree.h"
#include "pick.h"

typedef struct table_row {
    int64_t flat[SIDES], cum[SIDES];
    size_t seen; /* number of the sample that was last counted into cum, from 1 on */
} table_row;

typedef struct table {
    table_row *rows; /* by frame */
    int64_t total[SIDES];
    size_t added; /* samples so far, taken or not */
    size_t taken[SIDES];
} table;

/* What the samples of p that k takes add to a side. Rows are for all frames there are by then. */
void table_add(table *sums, int side, const profile *p, const names *all, pick *k, size_t type);
void table_free(table *sums);

/* How a table is printed. */
typedef struct table_style {
    const char *unit;
    long most;       /* rows; 0: all */
    bool cum, exact; /* sorted by cum; numbers as they are */
    bool difference; /* LIVE less BASE, the grown first and then the shrunk; else LIVE */
} table_style;

void table_print(FILE *out, const table *sums, const names *all, const table_style *style);

#endif
