/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of words with commas between, as POND_DEBUG, POND_PROFILE and POND_TUNE are: what reading them takes.
 */
#ifndef POND_PART_H
#define POND_PART_H

#include "port.h"
#include <stddef.h>

/* A part of the text. */
struct part {
    const char *text;
    size_t length;
};

/* Without the spaces at both ends. */
struct part part_of(const char *text, size_t length);

/* Letter case does not matter. */
bool part_says(struct part p, const char *name);

/* Decimal digits alone. False: it is no number, or more than `most`. */
bool part_number(const char *text, size_t length, uint64_t most, uint64_t *value);

/* The same with k, M or G behind them: bytes. */
bool part_bytes(const char *text, size_t length, uint64_t most, uint64_t *value);

/* Copies a file's name, the process's number in the place of each %p. True: there was one. */
bool part_with_process(char *to, size_t n, const char *from);

/* What was not understood, a phrase for each word; empty: all was. */
struct refusals {
    char phrases[128];
    size_t length;
    bool more; /* than there was room for */
};

void refusal_note(struct refusals *r, struct part word, const char *why);

#endif
