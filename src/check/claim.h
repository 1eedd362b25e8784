/* SPDX-License-Identifier: BSD-2-Clause */
/* A put or discard of a watched pond. */
#ifndef POND_CHECK_CLAIM_H
#define POND_CHECK_CLAIM_H

#include "check.h"

struct call {
    struct pond *pond;
    void *obj;
    const char *verb; /* "put", "pond_discard" */
    const void *caller;
    struct event here;
    struct record *record; /* NULL: there is no memory for one */
};

/* True: the object is ours to put, its record is CLEANING. False: it is not, which was reported. */
bool claim(struct call *call);

/* Red zones, confinement; and what the put's hooks did to the zones. */
void claim_check(const struct call *call);
void claim_check_hooks(const struct call *call);

void claim_report_grown(const struct call *call);

#endif
