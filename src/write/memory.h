/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of one profile: taken piece by piece, given back as a whole. Whatever finds none says so by NULL or
 * false, with errno ENOMEM; the profile is then not written.
 */
#ifndef POND_WRITE_MEMORY_H
#define POND_WRITE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- pieces ---- */

struct memory {
    struct memory_block *blocks; /* the newest first */
};

void *memory_take(struct memory *m, size_t bytes); /* zeroed; NULL */
void *memory_copy(struct memory *m, const void *from, size_t bytes);
/* A copy that can be shown and sent: bytes that are no UTF-8 as '?', control characters as a space. */
char *memory_text(struct memory *m, const char *text);
char *memory_format(struct memory *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void memory_free(struct memory *m);

/* ---- a list that grows ---- */

struct list {
    void *items;
    size_t count, room;
};

/* Room for one more item of so many bytes, zeroed, in memory of malloc; NULL. list_free gives it back. */
void *list_add(struct list *l, size_t bytes);
void list_free(struct list *l);

/* ---- texts, each once ---- */

struct names {
    struct memory *memory; /* where copies of them are kept, as they are */
    struct list texts;     /* of char *, in the order in which they came */
    uint32_t *slots;       /* by hash: 1 + place in texts; 0: none */
    size_t slot_count;     /* a power of two */
};

#define NAMES_NONE SIZE_MAX

size_t names_index(struct names *n, const char *text); /* its place; NAMES_NONE: no memory */
void names_free(struct names *n);

/* ---- bytes to be written ---- */

struct bytes {
    char *data;
    size_t length, room;
    bool failed; /* there was no memory: what is said from then on is lost */
};

void bytes_say(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_add(struct bytes *b, const void *data, size_t n);
void bytes_free(struct bytes *b);

#endif
