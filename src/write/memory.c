/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pieces ---- */

#define BLOCK_BYTES ((size_t)64 << 10)

struct memory_block {
    struct memory_block *next;
    size_t used, bytes;
    max_align_t data[];
};

static struct memory_block *block_for(struct memory *m, size_t bytes)
{
    struct memory_block *b = m->blocks;
    if (b != NULL && b->bytes - b->used >= bytes)
        return b;
    size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    if ((b = calloc(1, sizeof *b + room)) == NULL)
        return NULL;
    b->bytes = room;
    b->next = m->blocks;
    m->blocks = b;
    return b;
}

void *memory_take(struct memory *m, size_t bytes)
{
    size_t unit = sizeof(max_align_t);
    if (bytes > SIZE_MAX / 2) {
        errno = ENOMEM;
        return NULL;
    }
    bytes = (bytes + unit - 1) / unit * unit;
    struct memory_block *b = block_for(m, bytes);
    if (b == NULL)
        return NULL;
    void *piece = (char *)b->data + b->used;
    b->used += bytes;
    return piece;
}

void *memory_copy(struct memory *m, const void *from, size_t bytes)
{
    void *copy = memory_take(m, bytes);
    if (copy != NULL && bytes > 0)
        memcpy(copy, from, bytes);
    return copy;
}

/* Bytes of the character that begins here; 0: it is none. */
static size_t text_character(const unsigned char *text)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool beyond = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : length;
}

char *memory_text(struct memory *m, const char *text)
{
    char *copy = memory_copy(m, text, strlen(text) + 1);
    for (unsigned char *at = (unsigned char *)copy; at != NULL && *at != 0;) {
        size_t length = text_character(at);
        if (length == 0)
            *at = '?';
        else if (*at < 0x20 || *at == 0x7f)
            *at = ' ';
        at += length == 0 ? 1 : length;
    }
    return copy;
}

char *memory_format(struct memory *m, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    char *text = length < 0 ? NULL : memory_take(m, (size_t)length + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(values);
    return text;
}

void memory_free(struct memory *m)
{
    while (m->blocks != NULL) {
        struct memory_block *b = m->blocks;
        m->blocks = b->next;
        free(b);
    }
}

/* ---- a list that grows ---- */

void *list_add(struct list *l, size_t bytes)
{
    if (l->count == l->room) {
        size_t room = l->room * 2 + 32;
        void *more = room > SIZE_MAX / bytes ? NULL : realloc(l->items, room * bytes);
        if (more == NULL) {
            errno = ENOMEM;
            return NULL;
        }
        l->items = more;
        l->room = room;
    }
    void *item = (char *)l->items + l->count++ * bytes;
    memset(item, 0, bytes);
    return item;
}

void list_free(struct list *l)
{
    free(l->items);
    *l = (struct list){.items = NULL};
}

/* ---- texts, each once ---- */

static uint64_t text_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *text != 0; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static const char *names_text(const struct names *n, uint32_t slot)
{
    return ((char **)n->texts.items)[slot - 1];
}

/* The slot that has the text, or the free one that is to have it. */
static uint32_t *names_slot(const struct names *n, const char *text)
{
    size_t at = (size_t)text_hash(text) & (n->slot_count - 1);
    while (n->slots[at] != 0 && strcmp(names_text(n, n->slots[at]), text) != 0)
        at = (at + 1) & (n->slot_count - 1);
    return &n->slots[at];
}

/* At most half of the slots are taken. */
static bool names_make_room(struct names *n)
{
    if (n->texts.count * 2 < n->slot_count)
        return true;
    size_t count = n->slot_count == 0 ? 256 : n->slot_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots), *before = n->slots;
    if (slots == NULL)
        return false;
    n->slots = slots;
    n->slot_count = count;
    for (uint32_t i = 1; i <= n->texts.count; i++)
        *names_slot(n, names_text(n, i)) = i;
    free(before);
    return true;
}

size_t names_index(struct names *n, const char *text)
{
    if (!names_make_room(n))
        return NAMES_NONE;
    uint32_t *slot = names_slot(n, text);
    if (*slot == 0) {
        char *copy = memory_copy(n->memory, text, strlen(text) + 1);
        char **item = copy == NULL ? NULL : list_add(&n->texts, sizeof *item);
        if (item == NULL)
            return NAMES_NONE;
        *item = copy;
        *slot = (uint32_t)n->texts.count;
    }
    return *slot - 1;
}

void names_free(struct names *n)
{
    free(n->slots);
    list_free(&n->texts);
}

/* ---- bytes to be written ---- */

static bool bytes_make_room(struct bytes *b, size_t n)
{
    if (b->failed || b->room - b->length > n)
        return !b->failed;
    size_t room = (b->length + n) * 2 + 4096;
    char *more = realloc(b->data, room);
    if (more == NULL) {
        b->failed = true;
        return false;
    }
    b->data = more;
    b->room = room;
    return true;
}

void bytes_add(struct bytes *b, const void *data, size_t n)
{
    if (!bytes_make_room(b, n))
        return;
    memcpy(b->data + b->length, data, n);
    b->length += n;
}

void bytes_say(struct bytes *b, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    if (length > 0 && bytes_make_room(b, (size_t)length + 1)) {
        (void)vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
        b->length += (size_t)length;
    }
    va_end(again);
    va_end(values);
}

void bytes_free(struct bytes *b)
{
    free(b->data);
}
