/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that are on, and the values given with them: for one pond, and for all (words.c). */
#ifndef POND_CHECK_WORDS_H
#define POND_CHECK_WORDS_H

#include "../types.h"

enum check_word {
    CHECK_DOUBLE = 1u << 0,
    CHECK_TAG = 1u << 1,
    CHECK_CONFINE = 1u << 2,
    CHECK_RESET = 1u << 3,
    CHECK_POISON = 1u << 4,
    CHECK_REDZONE = 1u << 5,
    CHECK_GROW = 1u << 6,
    CHECK_HOLD = 1u << 7,
    CHECK_LEAK = 1u << 8,
    CHECK_GUARD = 1u << 9,
    CHECK_FAIL = 1u << 10,
    CHECK_CHAOS = 1u << 11,
    CHECK_LOG = 1u << 12,
    CHECK_TOOLS = 1u << 13, /* no word of a user's: a tool (a sanitizer, Valgrind) is to be told */
    CHECK_STACKS = 1u << 14,
    CHECK_BYPASS = 1u << 15,
    CHECK_AUDIT = 1u << 16
};

/* The words that only say how reports are made: with these alone nothing is checked. */
#define CHECK_HOW_TO_REPORT ((uint32_t)(CHECK_STACKS | CHECK_LOG | CHECK_TOOLS))

/* What is on for a pond. Written under the registry's lock; anyone reads it at any time with LOAD.
   Relaxed: a word or value that is read late is as one that was set late. Where more hangs on a word, it is
   read with check_hold_for, or its pond's watch is: see put_on in words.c. */
struct check_settings {
    uint32_t words;        /* of enum check_word */
    uint64_t stacks;       /* deepest stack kept, in frames */
    uint64_t poison_bytes; /* 0: all */
    uint64_t hold_epochs;
    uint64_t leak_kept;   /* 1: objects that are kept at exit are told of */
    uint64_t guard_every; /* one get in so many */
    uint64_t fail_permille;
    uint64_t seed; /* of chaos and fail; all ponds have that of check_settings */
};

/* What is on for ponds that no word names, and for what concerns no single pond. */
extern struct check_settings check_settings;

/* The words that are on for any pond, one that exists or one to come; and how often words were set.
   Relaxed: as with check_settings. */
extern uint32_t check_somewhere;
extern uint64_t check_changes;

/*
 * Writes the words that are on for this pond, as pond_debug_set takes them. NULL: all that was said, also of
 * ponds by name, unless the registry's lock is taken. Returns the length of the whole text.
 */
size_t check_words_text(const struct pond *p, char *text, size_t n);

/* Has the pond watched as its words want it, and no longer than what is held there needs. */
void words_watch_anew(struct pond *p);

/* True: the word is on for ponds that no word names. */
static inline bool check_for_all(uint32_t word)
{
    return (LOAD(check_settings.words) & word) != 0;
}

/* True: a tool (a sanitizer, Valgrind) is told of objects. It is told of those of all ponds, or of none. */
static inline bool check_tools(void)
{
    return check_for_all(CHECK_TOOLS);
}

#endif
