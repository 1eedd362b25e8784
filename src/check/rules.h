/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was said by words: of all ponds, and of those of a name. Of each word that is said of ponds by name
 * (`@`) one rule is kept; they count after what was said of all, each in its turn.
 */
#ifndef POND_CHECK_RULES_H
#define POND_CHECK_RULES_H

#include "../part.h"
#include "words.h"

#define RULES_MOST 64
#define RULE_PATTERN 64 /* bytes of a pattern, with its end */

struct word;

struct rule {
    char ponds[RULE_PATTERN]; /* a pattern as of fnmatch */
    const struct word *word;
    uint64_t value;
    bool minus;
};

/* Guarded by the registry's lock. */
struct rules {
    struct check_settings
        all;            /* of ponds that no rule names; stacks count where CHECK_STACKS is among the words */
    uint32_t somewhere; /* words that are on for any pond, now or to come */
    size_t count;
    struct rule rule[RULES_MOST];
};

/* Makes *r what the text says, as far as it is understood; the other words are noted in *refused. */
void rules_parse(struct rules *r, const char *text, struct refusals *refused);

/* What is on for a pond of this name; NULL: for one that no rule names. */
struct check_settings rules_for(const struct rules *r, const char *name);

/* True: `full` is to watch: records are kept. Guard pages and stacks alone need none. */
bool rules_need_records(uint32_t words);

/* Both as pond_debug_set takes them, from *at on, which goes on by the length of the whole. */
void settings_text(const struct check_settings *s, char *text, size_t n, size_t *at);
void rules_text(const struct rules *r, char *text, size_t n, size_t *at);

#endif
