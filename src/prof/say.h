/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pond-prof says: why something failed, how far long work is, and amounts and names in the tables. And
 * memory, of which there is enough or the program ends.
 */
#ifndef PROF_SAY_H
#define PROF_SAY_H

#include "../flame/amount.h"

/* The one sentence that is told of a failure. */
typedef struct trouble {
    char text[600];
} trouble;

/* Notes why something failed, where nothing is noted yet; false, for `return fail(...)`. */
#define fail(...) (fail_note(__VA_ARGS__), false)
void fail_note(trouble *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "what: " before the sentence; false. */
#define fail_of(t, what) (fail_prefix(t, what), false)
void fail_prefix(trouble *t, const char *what);

/* A remark on stderr, not a failure. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program, for want of memory. */
void no_memory(void) __attribute__((noreturn));

/* Memory for count objects of size bytes, all zero; the program ends where there is none. */
void *allocate(size_t count, size_t size);

/*
 * For arrays that grow: room for one more behind the first `used` of size bytes each. Returns the array,
 * which may have moved; *room is how many have room.
 */
void *grow(void *array, size_t *room, size_t used, size_t size);

/* "what: 12.5MiB" on stderr where that is a terminal, ten times a second at most. */
void progress(const char *what, uint64_t bytes);

/* Wipes that line. */
void progress_end(void);

#endif
