/* SPDX-License-Identifier: BSD-2-Clause */
/* The last report that a test's handler was given, copied. */
#ifndef TEST_MISUSE_HEARD_H
#define TEST_MISUSE_HEARD_H

#include "test.h"

#include <pond/debug.h>
#include <stdio.h>
#include <string.h>

struct heard {
    unsigned count;
    char word[16], what[256], advice[256], pond[64], type[64], text[4096];
    const void *object;
    size_t offset, size, stack_count;
    struct heard_stack {
        char role[16];
        size_t count;
        const void *first;
        uint32_t thread;
        uint64_t epoch;
    } stacks[POND_REPORT_STACKS];
    uint64_t seed;
};

static inline void hear(const pond_report *r, void *ctx)
{
    struct heard *h = (struct heard *)ctx;
    unsigned count = h->count + 1;
    memset(h, 0, sizeof *h);
    h->count = count;
    snprintf(h->word, sizeof h->word, "%s", r->word);
    snprintf(h->what, sizeof h->what, "%s", r->what);
    snprintf(h->advice, sizeof h->advice, "%s", r->advice);
    snprintf(h->pond, sizeof h->pond, "%s", r->pond);
    snprintf(h->type, sizeof h->type, "%s", r->type);
    snprintf(h->text, sizeof h->text, "%s", r->text);
    h->object = r->object;
    h->offset = r->offset;
    h->size = r->size;
    h->seed = r->seed;
    h->stack_count = r->stack_count;
    for (size_t i = 0; i < r->stack_count && i < POND_REPORT_STACKS; i++) {
        snprintf(h->stacks[i].role, sizeof h->stacks[i].role, "%s", r->stacks[i].role);
        h->stacks[i].count = r->stacks[i].count;
        h->stacks[i].first = r->stacks[i].count > 0 ? r->stacks[i].pcs[0] : NULL;
        h->stacks[i].thread = r->stacks[i].thread;
        h->stacks[i].epoch = r->stacks[i].epoch;
    }
}

/* From here on reports go to *h, with these words on. */
static inline void listen_to(struct heard *h, const char *words)
{
    memset(h, 0, sizeof *h);
    pond_on_report(hear, h);
    must(pond_debug_set(words) == 0, "pond_debug_set(\"%s\"): errno %d", words, errno);
}

/* One more report than `before`, of this word, with these words in its sentence. */
#define HEARD(h, before, which, part)                                                                        \
    do {                                                                                                     \
        cr_assert_eq((h).count, (before) + 1, "%u reports rather than %u; the last: %s", (h).count,          \
                     (unsigned)(before) + 1, (h).text);                                                      \
        cr_assert_str_eq((h).word, which, "%s", (h).text);                                                   \
        cr_assert_not_null(strstr((h).what, part), "'%s' is not in: %s", part, (h).what);                    \
    } while (0)

#endif
