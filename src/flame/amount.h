/* SPDX-License-Identifier: BSD-2-Clause */
/* Amounts and names as they are shown. */
#ifndef FLAME_AMOUNT_H
#define FLAME_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The value as a person reads it: 1.50MiB, 12, 3.20s; exact: as the number it is, with its unit. */
typedef struct amount {
    char text[48];
} amount;
amount amount_of(int64_t value, const char *unit, bool exact);

/* A part of the total in percent, six columns wide, as Go's pprof rounds it. */
amount percent_of(int64_t value, int64_t total);

/* a + b, or the largest or smallest number there is. */
int64_t add(int64_t a, int64_t b);

/*
 * The character that *text begins with, and moves *text behind it; 0 at the end. What is not UTF-8, and what
 * neither a terminal nor XML should be given (control characters and the like), is U+FFFD.
 */
uint32_t next_character(const char **text);

/* Writes a character as UTF-8. */
void put_character(FILE *out, uint32_t character);

/* Writes a name, in which there may be anything. */
void put_name(FILE *out, const char *name);

#endif
