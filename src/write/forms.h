/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms of a profile: each writes it to bytes. False: no memory. */
#ifndef POND_WRITE_FORMS_H
#define POND_WRITE_FORMS_H

#include "place.h"

bool form_pprof(struct bytes *to, struct snapshot *s, const struct places *p);
bool form_folded(struct bytes *to, struct snapshot *s, const struct places *p, enum value value);
bool form_text(struct bytes *to, const struct snapshot *s, const struct places *p);

#endif
