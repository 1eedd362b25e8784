/* SPDX-License-Identifier: BSD-2-Clause */
/* A put or discard of a watched pond. */
#ifndef POND_CHECK_CLAIM_H
#define POND_CHECK_CLAIM_H

#include "record.h"

enum call_kind { CALL_PUT, CALL_DISCARD };

struct call {
    struct pond *pond;
    void *obj;
    enum call_kind kind;
    const void *caller;
    struct event here;
    struct record *record; /* NULL: there is no memory for one */
};

/* Claims the object for this put or discard. True: it is ours to put, and its record is CLEANING. False: it
   is not, which was reported. */
bool claim(struct call *call);

/* Looks at what is wrong before the put's hooks: red zones, confinement; and at what these hooks did to the
   zones. */
void claim_check(const struct call *call);
void claim_check_hooks(const struct call *call);

/* What was written next to a live object in a guard slot, and whose get it is from. */
struct slack_note {
    const void *object;
    ptrdiff_t offset;
    size_t bytes;
    struct event got;
};

/* Reports it. put: the object is being put; else an audit has come by. */
void claim_report_slack(const struct slack_note *n, const struct pond *p, struct event here, bool put);

/* Reports an object that is dropped since it owns more than max_footprint. */
void claim_report_grown(const struct call *call);

#endif
