/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings, and the reports that are made of them (report.c). */
#ifndef POND_CHECK_REPORT_H
#define POND_CHECK_REPORT_H

#include "event.h"

/* What an event is to the finding that names it. Those from ROLE_PUT_HERE on are this moment's. */
enum role {
    ROLE_GOT,
    ROLE_GET,
    ROLE_PUT,
    ROLE_PUT_BEFORE,
    ROLE_FOUND_AT_TICK,
    ROLE_FOUND_AT_DROP,
    ROLE_PUT_HERE,
    ROLE_PUT_AGAIN_HERE,
    ROLE_FOUND_HERE,
    ROLE_SEEN_HERE,
    ROLE_CALLED_HERE,
    ROLE_USED_HERE,
    ROLE_ACCESSED_HERE,
    ROLES
};

/* What a finding's address is. */
enum subject {
    SUBJECT_OBJECT, /* an object of the owner's */
    SUBJECT_INSIDE, /* an address `inside` bytes within one */
    SUBJECT_MEMORY, /* memory of the owner's that is no object */
    SUBJECT_POINTER /* nothing that is known */
};

struct finding {
    const char *word;
    /* Which of the word's findings it is, where there are several: an enum's value, or the address of the
       name of the function that was called. From one place, two of one kind are the same finding. */
    uint64_t kind;
    const char *what;         /* filled in with finding_say */
    const char *advice;       /* a constant */
    const struct pond *pond;  /* that was called; NULL: none is known */
    const struct pond *owner; /* whose the address is; NULL: that pond's */
    const void *object;
    enum subject subject;
    size_t inside;
    size_t offset, size;
    struct {
        enum role role;
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

/* Writes the sentence as printf does, and has f->what be that. */
void finding_say(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Adds an event, if it happened at all (thread != 0). Of one that is this moment's the whole stack is taken.
 */
void finding_event(struct finding *f, enum role role, struct event e);

/* Writes the frames of an event's stack, a line each, indented; returns the length. Much is done aside. */
size_t event_text(const struct event *e, char *text, size_t n);

/*
 * Counts the finding, and unless the same was reported from the same place before, reports it: to the user's
 * handler,
 * or to stderr and then, without `log`, abort(). No lock may be held. Keeps errno.
 */
void report(const struct finding *f);

/* Asks the system now for what the first report would have to ask for, since these words come on. */
void report_ready(uint32_t words);

#endif
