/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is answered: each page writes itself to bytes. False: errno says why, and there is no answer. A page
 * that is asked for what it does not have says so (refuse), which is an answer.
 */
#ifndef POND_PAGES_PAGES_H
#define POND_PAGES_PAGES_H

#include "../write/forms.h"

struct request {
    const pond_profile_source *source;
    const char *query; /* NULL: none */
    bool head;         /* only how long it would be is asked for: nothing is done for it */
    pond_answer *answer;
};

typedef bool page(struct bytes *to, const struct request *r);
page page_index, page_heap, page_allocs, page_metrics, page_pond, page_flame;

/* ---- forms of /debug/pond ---- */

/* What the judge says of a stack. */
struct finding {
    const char *verdict; /* "leak"; NULL: nothing is said of this one */
    const char *words;   /* whole sentences */
    const char *grade;   /* how it is shown: a class of the page's, bad, look, early or calm */
    double growth;       /* bytes a minute; 0: it does not grow, as far as can be said */
    double p;            /* the chance that it looks so without being so */
};

/* All that is said, found out once. */
struct view {
    const pond_profile_source *source;
    struct snapshot snapshot;
    struct places places;
    double faster;            /* times of the judge are divided by it; 1: real */
    struct finding *findings; /* one for each stack, in their order */
};

/* False: errno says why. view_close in either case. */
bool view_open(struct view *v, const pond_profile_source *source, double faster);
void view_close(struct view *v);

bool form_json(struct bytes *to, struct view *v);
bool form_html(struct bytes *to, struct view *v, const struct request *r);

/* The parts of the page. */
void say_ponds(struct bytes *to, const struct view *v);
void say_courses(struct bytes *to, const struct view *v);
void say_findings(struct bytes *to, const struct view *v);
void say_stacks(struct bytes *to, const struct view *v);
bool say_trace(struct bytes *to, const struct view *v);

/* The flame graph, alone or as a part of the page. False: no memory. */
bool draw_flame(struct bytes *to, struct view *v, enum value value, bool alone);

/* Judges each stack. False: no memory. */
bool verdicts_find(struct view *v);

/* Has ponds in which something grows sampled more finely for a while. */
void verdicts_refine(const struct view *v);

/*
 * The functions of a stack, from whoever got the object outwards, `most` of them. Returns how many there are.
 */
size_t functions_of(const struct view *v, const struct stack *s, const char **names, size_t most);

/* ---- answers ---- */

/*
 * For what a browser shows: nothing is loaded, no script runs but that of the flame graph, it is in no frame.
 */
extern const char page_headers[];

#define TYPE_TEXT "text/plain; charset=utf-8"

/* An answer of another status than 200, with a sentence. Returns true. */
bool refuse(struct bytes *to, const struct request *r, int status, const char *sentence);

/* ---- one at a time, in a process ---- */

enum turn {
    TURN_WORK, /* on a profile: page is called with it, but that of /metrics */
    TURN_WAIT, /* for what is got meanwhile */
    TURNS
};
bool turn_take(enum turn turn); /* false: another one has it */
void turn_wait(enum turn turn); /* takes it when it is free */
void turn_leave(enum turn turn);

/* ---- queries ---- */

/*
 * The value of a key, as it is in the query: nothing that is understood here has a '%'. False: there is none.
 */
bool query_value(const struct request *r, const char *key, char *value, size_t n);

/* A whole number from 0 to most; 0 if there is none. False: it is something else. */
bool query_number(const struct request *r, const char *key, unsigned most, unsigned *number);

/* ---- text ---- */

void say(struct bytes *to, const char *text);         /* as it is */
void say_escaped(struct bytes *to, const char *text); /* in HTML, in attributes too */

#endif
