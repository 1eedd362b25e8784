/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings, and the reports that are made of them (report.c). */
#ifndef POND_CHECK_REPORT_H
#define POND_CHECK_REPORT_H

#include "event.h"

struct finding {
    const char *word;
    const char *what;        /* filled in with finding_say */
    const char *advice;      /* a constant */
    const struct pond *pond; /* NULL: none is known */
    const void *object;
    size_t offset, size;
    struct {
        const char *role;
        struct event event;
    } events[POND_REPORT_STACKS];
    size_t event_count;
    const char *more;  /* lines to add to the text, or NULL */
    bool harmless;     /* do not abort */
    bool quiet_stacks; /* `more` has them already */
    bool trapped;      /* it comes from the trap's handler */
    /* NULL, or called with `completed` when the first words are out: it may need files, and may change
       `what`, offset, size and `more`. True: `what` says more now. Not called when the finding is not
       reported. */
    bool (*complete)(void *completed);
    void *completed;
    char sentence[256];
};

/* printf into f->sentence, and f->what is that. */
void finding_say(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds an event, if it happened at all (thread != 0). One that is "here" is this moment's: its stack is taken
 * whole. */
void finding_event(struct finding *f, const char *role, struct event e);

/* Writes the frames of an event's stack, a line each, indented; returns the length. Much is done aside. */
size_t event_text(const struct event *e, char *text, size_t n);

/*
 * Counts it, and unless the same was reported from the same place before, reports it: to the user's handler,
 * or to stderr and then, without `log`, abort(). No lock may be held. Keeps errno.
 */
void report(const struct finding *f);

/* These words come on: what the first report would have to ask the system for is asked for now. */
void report_ready(uint32_t words);

#endif
