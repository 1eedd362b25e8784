/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields that are declared POND_SENSITIVE (secret.c). */
#ifndef POND_CHECK_SECRET_H
#define POND_CHECK_SECRET_H

#include "../types.h"

#define SECRET_SHOWN 16 /* bytes in a report */
#define SECRET_NOTE " (**: POND_SENSITIVE)"

/* True: the object's byte at this offset lies in such a field. */
bool secret_at(const struct pond *p, size_t offset);

/* Makes zero such fields within the first n bytes of an object, or of a copy of them; with POND_ZERO_ON_PUT
   all n bytes. */
void secret_wipe(const struct pond *p, void *copy, size_t n);

/* Makes zero such fields and nothing else. */
void secret_wipe_declared(const struct pond *p, void *copy, size_t n);

/* Copies n bytes of the object, from this offset on, to be shown: those of such fields as 0. */
void secret_copy(const struct pond *p, unsigned char *to, const void *obj, size_t offset, size_t n);

/* Writes "0a 1b ...", of the bytes that an object has from this offset on; those of such fields as "**", and
   then what that means. Cut to n bytes; returns the length. */
size_t secret_text(const struct pond *p, size_t offset, const unsigned char *bytes, size_t count, char *text,
                   size_t n);

#endif
