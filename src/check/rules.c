/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of words; reading a list of them, and writing one. */
#include "rules.h"
#include "../os.h"
#include "help.h"
#include "stack.h"
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the table ---- */

enum value { NO_VALUE, MAY_HAVE_VALUE, NEEDS_VALUE };

struct word {
    const char *name;
    enum value value;
    uint32_t bit;
    size_t place;     /* of its value in the settings; 0: it has none */
    uint64_t most;    /* the largest value */
    uint64_t without; /* the value where none is given */
    const char *set;  /* not a word but a set of these */
};

#define VALUE(member) offsetof(struct check_settings, member)

static const struct word words[] = {
    {.name = "double", .bit = CHECK_DOUBLE},
    {.name = "tag", .bit = CHECK_TAG},
    {.name = "confine", .bit = CHECK_CONFINE},
    {.name = "reset", .bit = CHECK_RESET},
    {"poison", MAY_HAVE_VALUE, CHECK_POISON, VALUE(poison_bytes), POND_MAX_SIZE, 0, NULL},
    {.name = "redzone", .bit = CHECK_REDZONE},
    {.name = "grow", .bit = CHECK_GROW},
    {"hold", NEEDS_VALUE, CHECK_HOLD, VALUE(hold_epochs), UINT32_MAX, 0, NULL},
    {"leak", MAY_HAVE_VALUE, CHECK_LEAK, VALUE(leak_kept), 1, 0, NULL},
    {"guard", MAY_HAVE_VALUE, CHECK_GUARD, VALUE(guard_every), 1u << 30, 1, NULL},
    {"stacks", NEEDS_VALUE, CHECK_STACKS, VALUE(stacks), STACK_MOST, 0, NULL},
    {"fail", NEEDS_VALUE, CHECK_FAIL, VALUE(fail_permille), 1000, 0, NULL},
    {"chaos", NEEDS_VALUE, CHECK_CHAOS, VALUE(seed), UINT64_MAX, 0, NULL},
    {.name = "bypass", .bit = CHECK_BYPASS},
    {.name = "audit", .bit = CHECK_AUDIT},
    {.name = "log", .bit = CHECK_LOG},
    {.name = "fast", .set = WORDS_FAST},
    {.name = "full", .set = WORDS_FULL},
    {.name = "off"},
    {.name = "help"},
};

#define WORDS (sizeof(words) / sizeof(words[0]))
#define DEFAULT_STACKS 16
#define DEFAULT_STACKS_GUARD 1 /* with guard alone, which is for production */

bool rules_need_records(uint32_t on)
{
    return (on & ~(uint32_t)(CHECK_GUARD | CHECK_STACKS | CHECK_LOG)) != 0;
}

/* ---- what one word does to settings ---- */

static uint64_t *place_in(struct check_settings *s, const struct word *w)
{
    return (uint64_t *)(void *)((char *)s + w->place);
}

/* A word of a list. */
struct said {
    const struct word *word;
    uint64_t value;
    bool minus;        /* it is taken out */
    struct part ponds; /* text NULL: all */
};

static const char *understand(struct part p, struct said *said);
static void apply_set(const char *set, bool minus, struct check_settings *s);

static void apply_word(const struct word *w, uint64_t value, bool minus, struct check_settings *s)
{
    if (w->set != NULL)
        apply_set(w->set, minus, s);
    else if (minus)
        s->words &= ~w->bit;
    else
        s->words |= w->bit;
    if (w->place != 0 && !minus)
        *place_in(s, w) = value;
}

/* The next part of the text between commas; false: there is none. */
static bool next_part(const char **text, struct part *p)
{
    if (*text == NULL)
        return false;
    size_t length = strcspn(*text, ",");
    *p = part_of(*text, length);
    *text = (*text)[length] == ',' ? *text + length + 1 : NULL;
    return true;
}

/* Does what the words of a set do, all of which are in the table. */
static void apply_set(const char *set, bool minus, struct check_settings *s)
{
    struct part p;
    while (next_part(&set, &p)) {
        struct said said;
        (void)understand(p, &said);
        apply_word(said.word, said.value, minus, s);
    }
}

/* ---- reading ---- */

/* Reads a word's value; that of guard is 1/N, or N alone. */
static bool parse_value(const struct word *w, struct part v, uint64_t *value)
{
    bool share = w->bit == CHECK_GUARD;
    size_t skip = share && v.length > 2 && memcmp(v.text, "1/", 2) == 0 ? 2 : 0;
    return part_number(v.text + skip, v.length - skip, w->most, value) && !(share && *value == 0);
}

static const struct word *find_word(struct part name)
{
    for (size_t i = 0; i < WORDS; i++)
        if (part_says(name, words[i].name))
            return &words[i];
    return NULL;
}

/* Writes the help to stderr. The thread is not to be cancelled here, for it holds the registry's lock. */
static void write_help(void)
{
    int cancel = os_hold_cancel();
    (void)!write(STDERR_FILENO, pond_debug_help(), strlen(pond_debug_help()));
    os_allow_cancel(cancel);
}

/* Cuts the part in two where the character stands first, and returns the second one: the second is empty,
 * with text NULL, where it does not. */
static struct part cut_at(struct part *p, char at)
{
    const char *there = p->length > 0 ? memchr(p->text, at, p->length) : NULL;
    struct part rest = {.text = NULL};
    if (there == NULL)
        return rest;
    rest = part_of(there + 1, p->length - (size_t)(there - p->text) - 1);
    *p = part_of(p->text, (size_t)(there - p->text));
    return rest;
}

/* NULL: it may be said so. Else why not. */
static const char *refuse_word(const struct said *said, struct part value)
{
    const struct word *w = said->word;
    bool is_word = w->bit != 0 || w->set != NULL;
    if (said->minus && !is_word)
        return "cannot be taken out";
    if (said->minus && value.text != NULL)
        return "takes no value where it is taken out";
    if (said->ponds.text != NULL && (!is_word || w->bit == CHECK_LOG))
        return "is for all ponds or none";
    if (said->ponds.text != NULL && said->ponds.length == 0)
        return "names no pond";
    if (said->ponds.text != NULL && said->ponds.length >= RULE_PATTERN)
        return "has too long a name";
    if (value.text == NULL && w->value == NEEDS_VALUE && !said->minus)
        return "lacks its value";
    if (value.text != NULL && w->value == NO_VALUE)
        return "takes no value";
    return NULL;
}

/* NULL: it is understood. Else why not. */
static const char *understand(struct part p, struct said *said)
{
    *said = (struct said){.minus = p.length > 0 && p.text[0] == '-'};
    if (said->minus)
        p = part_of(p.text + 1, p.length - 1);
    said->ponds = cut_at(&p, '@');
    struct part value = cut_at(&p, '=');
    said->word = find_word(p);
    if (said->word == NULL)
        return "is no word";
    said->value = said->word->without;
    const char *why = refuse_word(said, value);
    if (why == NULL && value.text != NULL && !parse_value(said->word, value, &said->value))
        return "has a wrong value";
    return why;
}

static const char *add_rule(struct rules *r, const struct said *said)
{
    if (r->count == RULES_MOST)
        return "is one name too many";
    POND_ASSERT(said->ponds.length < RULE_PATTERN);
    struct rule *rule = &r->rule[r->count++];
    *rule = (struct rule){.word = said->word, .value = said->value, .minus = said->minus};
    memcpy(rule->ponds, said->ponds.text, said->ponds.length);
    if (said->word->bit == CHECK_CHAOS && !said->minus)
        r->all.seed = said->value; /* one for all ponds */
    return NULL;
}

/* NULL: it is understood, and added. Else why not. */
static const char *add_word(struct rules *r, struct part p)
{
    struct said said;
    const char *why = understand(p, &said);
    if (why != NULL)
        return why;
    if (said.ponds.text != NULL)
        return add_rule(r, &said);
    if (strcmp(said.word->name, "help") == 0)
        write_help();
    apply_word(said.word, said.value, said.minus, &r->all);
    return NULL;
}

/* What the rule puts on, less what is taken out for the same ponds behind it. */
static uint32_t words_of_rule(const struct rules *r, size_t rule)
{
    struct check_settings s = {.words = 0};
    for (size_t i = rule; i < r->count; i++)
        if (i == rule || (r->rule[i].minus && strcmp(r->rule[i].ponds, r->rule[rule].ponds) == 0))
            apply_word(r->rule[i].word, r->rule[i].value, r->rule[i].minus, &s);
    return s.words;
}

static uint32_t words_anywhere(const struct rules *r)
{
    uint32_t words = r->all.words;
    for (size_t i = 0; i < r->count; i++)
        if (!r->rule[i].minus)
            words |= words_of_rule(r, i);
    return words;
}

void rules_parse(struct rules *r, const char *text, struct refusals *refused)
{
    struct part p;
    /* With these values whoever has just seen the word hold on, and reads its value when it is off, finds
       nothing held. */
    *r = (struct rules){.all = {.hold_epochs = UINT64_MAX, .guard_every = 1, .seed = 1}};
    if (part_of(text, strlen(text)).length == 0)
        return;
    while (next_part(&text, &p)) {
        const char *why = add_word(r, p);
        if (why != NULL)
            refusal_note(refused, p, why);
    }
    r->somewhere = words_anywhere(r);
}

struct check_settings rules_for(const struct rules *r, const char *name)
{
    struct check_settings s = r->all;
    for (size_t i = 0; name != NULL && i < r->count; i++)
        if (fnmatch(r->rule[i].ponds, name, 0) == 0)
            apply_word(r->rule[i].word, r->rule[i].value, r->rule[i].minus, &s);
    if ((s.words & CHECK_STACKS) == 0) /* that a tool is told is nothing that was said */
        s.stacks =
            rules_need_records(s.words & ~(uint32_t)CHECK_TOOLS) ? DEFAULT_STACKS : DEFAULT_STACKS_GUARD;
    s.seed = r->all.seed;
    return s;
}

/* ---- writing ---- */

/* Writes a word as it would be given: "guard=1/100". */
static void spell(const struct word *w, uint64_t value, char *text, size_t n)
{
    bool plain = w->place == 0 || (w->value == MAY_HAVE_VALUE && value == w->without);
    if (plain)
        (void)snprintf(text, n, "%s", w->name);
    else
        (void)snprintf(text, n, "%s=%s%llu", w->name, w->bit == CHECK_GUARD ? "1/" : "",
                       (unsigned long long)value);
}

static void append(char *text, size_t n, size_t *at, const char *part)
{
    size_t length = strlen(part);
    for (size_t i = 0; i < length && *at + i + 1 < n; i++)
        text[*at + i] = part[i];
    *at += length;
    if (n > 0)
        text[MIN(*at, n - 1)] = '\0';
}

void settings_text(const struct check_settings *s, char *text, size_t n, size_t *at)
{
    uint32_t on = LOAD(s->words);
    append(text, n, at, "");
    for (size_t i = 0; i < WORDS; i++) {
        const struct word *w = &words[i];
        char part[64];
        if ((on & w->bit) == 0)
            continue;
        /* Relaxed: see check_settings. */
        uint64_t value = w->place != 0 ? LOAD(*place_in((struct check_settings *)(uintptr_t)s, w)) : 0;
        spell(w, value, part, sizeof(part));
        append(text, n, at, *at > 0 ? "," : "");
        append(text, n, at, part);
    }
}

void rules_text(const struct rules *r, char *text, size_t n, size_t *at)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct rule *rule = &r->rule[i];
        char part[64 + RULE_PATTERN], word[48];
        spell(rule->word, rule->value, word, sizeof(word));
        (void)snprintf(part, sizeof(part), "%s%s%s@%s", *at > 0 ? "," : "", rule->minus ? "-" : "",
                       rule->minus ? rule->word->name : word, rule->ponds);
        append(text, n, at, part);
    }
}
