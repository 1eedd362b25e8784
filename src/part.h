/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of words with commas between, as POND_DEBUG, POND_PROFILE and POND_TUNE are: what reading them takes.
 */
#ifndef POND_PART_H
#define POND_PART_H

#include "port.h"
#include <stddef.h>

/* A part of a text. */
struct part {
    const char *text;
    size_t length;
};

/* The text without the spaces at both ends. */
struct part part_of(const char *text, size_t length);

/* True: the part is this name, whatever the case of its letters. */
bool part_says(struct part p, const char *name);

/* Reads a number of decimal digits alone. False: it is none, or more than `most`. */
bool part_number(const char *text, size_t length, uint64_t most, uint64_t *value);

/* Reads bytes: the same, and k, M or G may stand behind the digits. */
bool part_bytes(const char *text, size_t length, uint64_t most, uint64_t *value);

/* Copies a file's name with the process's number in the place of each %p. True: there was a %p. */
bool part_with_process(char *to, size_t n, const char *from);

/* What was not understood, a phrase for each word; empty: all was. */
struct refusals {
    char phrases[128];
    size_t length;
    bool more; /* there was no room for all of them */
};

/* Adds a phrase: the word, and why it is refused. */
void refusal_note(struct refusals *r, struct part word, const char *why);

#endif
