/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields that are declared POND_SENSITIVE: their bytes are in no report, and no copy of them is kept for
 * longer than the object itself has them.
 */
#include "secret.h"
#include <stdio.h>

/* The part of a field that lies in the object's first n bytes. */
static size_t bytes_within(const pond_field *f, size_t n)
{
    return f->kind == POND_FIELD_SENSITIVE && f->offset < n ? MIN(f->size, n - f->offset) : 0;
}

bool secret_at(const struct pond *p, size_t offset)
{
    const pond_type *type = p->options.type;
    for (size_t i = 0; type != NULL && i < type->field_count; i++)
        if (type->fields[i].kind == POND_FIELD_SENSITIVE &&
            offset - type->fields[i].offset < type->fields[i].size)
            return true;
    return false;
}

void secret_wipe(const struct pond *p, void *copy, size_t n)
{
    if ((p->options.flags & POND_ZERO_ON_PUT) != 0)
        explicit_bzero(copy, n);
    secret_wipe_declared(p, copy, n);
}

void secret_wipe_declared(const struct pond *p, void *copy, size_t n)
{
    const pond_type *type = p->options.type;
    for (size_t i = 0; type != NULL && i < type->field_count; i++) {
        size_t bytes = bytes_within(&type->fields[i], n);
        if (bytes > 0)
            explicit_bzero((char *)copy + type->fields[i].offset, bytes);
    }
}

void secret_copy(const struct pond *p, unsigned char *to, const void *obj, size_t offset, size_t n)
{
    POND_ASSERT(offset + n <= p->options.size);
    const unsigned char *from = (const unsigned char *)obj + offset;
    for (size_t i = 0; i < n; i++)
        to[i] = secret_at(p, offset + i) ? 0 : from[i];
}

size_t secret_text(const struct pond *p, size_t offset, const unsigned char *bytes, size_t count, char *text,
                   size_t n)
{
    size_t at = 0;
    bool hidden = false;
    for (size_t i = 0; i < MIN(count, SECRET_SHOWN) && at + 4 < n; i++) {
        bool secret = secret_at(p, offset + i);
        at += (size_t)snprintf(text + at, n - at, secret ? "%s**" : "%s%02x", i > 0 ? " " : "", bytes[i]);
        hidden = hidden || secret;
    }
    if (count > SECRET_SHOWN && at + 5 < n)
        at += (size_t)snprintf(text + at, n - at, " ...");
    if (hidden && at + sizeof(SECRET_NOTE) < n)
        at += (size_t)snprintf(text + at, n - at, SECRET_NOTE);
    return at;
}
