/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of words and what is on.
 *
 * Invariants
 *   1. check_settings and every pond's watch change under the registry's lock, with all gates closed.
 *   2. A pond is watched while any word is on; and afterwards for as long as one of its checks' holds is
 *      not 0, for what they stand for needs the watcher: a poisoned idle object, a live guard slot.
 *   3. Records are kept up to date while `full` watches, and are believed only when they are of the
 *      generation that began with it.
 */
#include "../part.h"
#include "help.h"
#include "tell.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct check_settings check_settings;

#ifndef POND_DEBUG_DEFAULT
#define POND_DEBUG_DEFAULT ""
#endif

/* ---- the table ---- */

enum value { NO_VALUE, MAY_HAVE_VALUE, NEEDS_VALUE };

struct word {
    const char *name;
    enum value value;
    uint32_t bit;
    uint64_t *place;  /* in the settings being parsed */
    uint64_t most;    /* the largest value */
    uint64_t without; /* the value where none is given */
    const char *set;  /* not a word but a set of these */
};

static struct check_settings parsed; /* under the registry's lock */

static const struct word words[] = {
    {.name = "double", .bit = CHECK_DOUBLE},
    {.name = "tag", .bit = CHECK_TAG},
    {.name = "confine", .bit = CHECK_CONFINE},
    {.name = "reset", .bit = CHECK_RESET},
    {"poison", MAY_HAVE_VALUE, CHECK_POISON, &parsed.poison_bytes, POND_MAX_SIZE, 0, NULL},
    {.name = "redzone", .bit = CHECK_REDZONE},
    {.name = "grow", .bit = CHECK_GROW},
    {"hold", NEEDS_VALUE, CHECK_HOLD, &parsed.hold_epochs, UINT32_MAX, 0, NULL},
    {"leak", MAY_HAVE_VALUE, CHECK_LEAK, &parsed.leak_kept, 1, 0, NULL},
    {"guard", MAY_HAVE_VALUE, CHECK_GUARD, &parsed.guard_every, 1u << 30, 1, NULL},
    {"stacks", NEEDS_VALUE, CHECK_STACKS, &parsed.stacks, STACK_MOST, 0, NULL},
    {"fail", NEEDS_VALUE, CHECK_FAIL, &parsed.fail_permille, 1000, 0, NULL},
    {"chaos", NEEDS_VALUE, CHECK_CHAOS, &parsed.seed, UINT64_MAX, 0, NULL},
    {.name = "log", .bit = CHECK_LOG},
    {.name = "fast", .set = WORDS_FAST},
    {.name = "full", .set = WORDS_FULL},
    {.name = "off"},
    {.name = "help"},
};

#define WORDS (sizeof(words) / sizeof(words[0]))
#define DEFAULT_STACKS 16
#define DEFAULT_STACKS_GUARD 1 /* with guard alone, which is for production */
#define NOT_SAID UINT64_MAX

/* ---- parsing ---- */

bool words_say_off(const char *text)
{
    return text != NULL && part_says(part_of(text, strlen(text)), "off");
}

/* guard's value is 1/N, or N alone. */
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

static void parse(const char *text, struct refusals *refused);

/* The registry's lock is held: not to be cancelled in it. */
static void write_help(void)
{
    int cancel = os_hold_cancel();
    (void)!write(STDERR_FILENO, pond_debug_help(), strlen(pond_debug_help()));
    os_allow_cancel(cancel);
}

/* NULL: it is understood, and added to `parsed`. Else why not. */
static const char *parse_word(struct part p)
{
    const char *equals = memchr(p.text, '=', p.length);
    size_t before = equals != NULL ? (size_t)(equals - p.text) : p.length;
    const struct word *w = find_word(part_of(p.text, before));
    if (w == NULL)
        return "is no word";
    if (equals == NULL && w->value == NEEDS_VALUE)
        return "lacks its value";
    if (equals != NULL && w->value == NO_VALUE)
        return "takes no value";
    uint64_t value = w->without;
    if (equals != NULL && !parse_value(w, part_of(equals + 1, p.length - before - 1), &value))
        return "has a wrong value";
    if (w->set != NULL)
        parse(w->set, &(struct refusals){.length = 0}); /* none: they are all in the table */
    if (strcmp(w->name, "help") == 0)
        write_help();
    parsed.words |= w->bit;
    if (w->place != NULL)
        *w->place = value;
    return NULL;
}

/* Adds the words of the text that are understood to `parsed`, and the others to *refused. */
static void parse(const char *text, struct refusals *refused)
{
    bool more = part_of(text, strlen(text)).length > 0;
    while (more) {
        size_t length = strcspn(text, ",");
        struct part p = part_of(text, length);
        const char *why = parse_word(p);
        if (why != NULL)
            refusal_note(refused, p, why);
        more = text[length] == ',';
        text += length + 1;
    }
}

/* ---- what is on, as text ---- */

/* Where a word's value is in these settings. */
static uint64_t *place_in(struct check_settings *s, const struct word *w)
{
    return (uint64_t *)(void *)((char *)s + ((const char *)w->place - (const char *)&parsed));
}

/* A word as it would be given: "guard=1/100". */
static void spell(const struct word *w, char *text, size_t n)
{
    uint64_t value = w->place != NULL ? LOAD(*place_in(&check_settings, w)) : 0;
    bool plain = w->place == NULL || (w->value == MAY_HAVE_VALUE && value == w->without);
    if (plain)
        (void)snprintf(text, n, "%s", w->name);
    else
        (void)snprintf(text, n, "%s=%s%llu", w->name, w->bit == CHECK_GUARD ? "1/" : "",
                       (unsigned long long)value);
}

static size_t append(char *text, size_t n, size_t at, const char *part)
{
    size_t length = strlen(part);
    for (size_t i = 0; i < length && at + i + 1 < n; i++)
        text[at + i] = part[i];
    return at + length;
}

size_t check_words_text(char *text, size_t n)
{
    uint32_t on = LOAD(check_settings.words);
    size_t at = 0;
    for (size_t i = 0; i < WORDS; i++) {
        char part[64];
        if ((on & words[i].bit) == 0)
            continue;
        spell(&words[i], part, sizeof(part));
        at = append(text, n, at, at > 0 ? "," : "");
        at = append(text, n, at, part);
    }
    if (n > 0)
        text[MIN(at, n - 1)] = '\0';
    return at;
}

size_t pond_debug_get(char *text, size_t n)
{
    if (!registry_enter(NULL, "pond_debug_get", CALLER))
        return 0;
    registry_lock();
    size_t length = check_words_text(text, n);
    registry_unlock();
    entry_end();
    return length;
}

/* ---- switching ---- */

/* True: `full` is to watch: records are kept. Guard pages and stacks alone need none. */
static bool needs_full(uint32_t on)
{
    return (on & ~(uint32_t)(CHECK_GUARD | CHECK_STACKS | CHECK_LOG)) != 0;
}

static const struct watch *wanted(uint32_t on)
{
    if (needs_full(on))
        return &watch_full;
    return (on & CHECK_GUARD) != 0 ? &watch_guard : NULL;
}

/*
 * A generation lies within the time in which watch_full is the pond's watch: it begins after it and ends
 * before it. A put that was watched, and went on while nobody watched, writes its record late, maybe right
 * here. Were the new generation there before the watch, then the object could be got unwatched after that,
 * and its next put would find a believed record that says it is idle.
 */
static void attend(struct pond *p, const struct watch *w)
{
    struct check *c = check_of(p);
    bool begins = w == &watch_full && watch_of(p) != w;
    if (w != &watch_full && c != NULL)
        __atomic_store_n(&c->generation, RECORD_NEVER, __ATOMIC_RELEASE);
    if (begins)
        STORE(c->whole, false);
    __atomic_store_n(&p->watch, w, __ATOMIC_RELEASE);
    if (begins)
        __atomic_store_n(&c->generation, ++c->generations, __ATOMIC_RELEASE);
}

/*
 * Has the ponds watched as the settings want it; those that hold something are watched on, their turn comes
 * when it is gone. False: no memory to watch them all.
 */
static bool watch_all(const struct watch *w)
{
    bool any = false, all = true;
    if (w != NULL)
        registry_watch_threads(true); /* first: no fast path may take what a watched put has brought */
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        if (w != NULL && !check_attach(p))
            all = false;
        else if (w == &watch_full || check_holds(check_of(p)) == 0)
            attend(p, w);
        any = any || watch_of(p) != NULL;
    }
    if (!any)
        registry_watch_threads(false);
    return all;
}

void words_settle(void)
{
    registry_lock();
    const struct watch *w = wanted(LOAD(check_settings.words));
    if (w != &watch_full)
        (void)watch_all(w);
    registry_unlock();
}

/* Pairs with check_hold_for. */
static void store_words(uint32_t on)
{
    __atomic_store_n(&check_settings.words, on, __ATOMIC_SEQ_CST);
}

static void store_values(const struct check_settings *s)
{
    STORE(check_settings.stacks, s->stacks);
    STORE(check_settings.poison_bytes, s->poison_bytes);
    STORE(check_settings.hold_epochs, s->hold_epochs);
    STORE(check_settings.leak_kept, s->leak_kept);
    STORE(check_settings.guard_every, s->guard_every);
    STORE(check_settings.fail_permille, s->fail_permille);
    STORE(check_settings.seed, s->seed);
    STORE(check_settings.changes, check_settings.changes + 1);
    STORE(watch_guard.samples, MAX(watch_guard.samples + 1, 2));
}

/* Where words come from. */
enum source {
    FROM_CALL,       /* pond_debug_set: all of them or nothing */
    FROM_ENVIRONMENT /* POND_DEBUG: those that are understood, for nobody sees an error */
};

/* With the lock. */
static uint32_t tools_word(void)
{
    static bool asked, present;
    present = asked ? present : tools_present();
    asked = true;
    return present ? CHECK_TOOLS : 0;
}

/*
 * With the lock. False and errno. A word goes off before its ponds may be left unwatched, and on when they
 * are watched: who sees it on in check_hold_for is watched for as long as it holds something.
 */
static bool apply(const char *text, enum source source, struct refusals *refused)
{
    parsed =
        (struct check_settings){.stacks = NOT_SAID, .hold_epochs = NOT_SAID, .guard_every = 1, .seed = 1};
    parse(text, refused);
    if (refused->length > 0 && source == FROM_CALL) {
        errno = EINVAL;
        return false;
    }
    if (parsed.stacks == NOT_SAID)
        parsed.stacks = needs_full(parsed.words) ? DEFAULT_STACKS : DEFAULT_STACKS_GUARD;
    parsed.words |= tools_word();
    if ((parsed.words & CHECK_GUARD) != 0 && !guard_start())
        return false;
    if ((parsed.words & ~LOAD(check_settings.words) & CHECK_GUARD) != 0)
        guard_count_anew();
    report_ready(parsed.words);
    store_words(LOAD(check_settings.words) & parsed.words);
    store_values(&parsed);
    bool all = watch_all(wanted(parsed.words));
    store_words(parsed.words);
    return all;
}

void watch_bad_words(const struct watch_words *words, bool from_call, const char *why, const char *outcome)
{
    struct finding f = {.word = "words", .advice = words->advice, .more = words->table, .harmless = true};
    finding_say(&f, "%s%s\"%.72s\"%s: %s; %s", from_call ? words->function : words->variable,
                from_call ? "(" : "=", words->text, from_call ? ")" : "", why, outcome);
    report(&f);
}

/* Says which words were not understood, or why else they are not on, and what is on nevertheless. */
static void say_refused(const char *text, enum source source, const char *why, const char *outcome)
{
    const struct watch_words words = {.function = "pond_debug_set",
                                      .variable = "POND_DEBUG",
                                      .text = text,
                                      .advice = "set POND_DEBUG to words of this list, with commas between",
                                      .table = pond_debug_help()};
    watch_bad_words(&words, source == FROM_CALL, why, outcome);
}

static int set(const char *text)
{
    struct refusals refused = {.length = 0};
    watch_begin();
    registry_lock();
    bool done = apply(text, FROM_CALL, &refused);
    int error = errno;
    registry_unlock();
    if (done) {
        live_release_all();
        return 0;
    }
    if (error == EINVAL)
        say_refused(text, FROM_CALL, refused.phrases, "nothing is changed");
    errno = error;
    return -1;
}

int pond_debug_set(const char *text)
{
    if (!registry_enter(NULL, "pond_debug_set", CALLER))
        return -1;
    int result = set(text == NULL ? "" : text);
    entry_end();
    return result;
}

/* ---- the first pond ---- */

static pthread_once_t begun = PTHREAD_ONCE_INIT;

/* True: a check is on, and not only how reports are made. */
static bool anything_is_checked(void)
{
    return check_on(~(uint32_t)(CHECK_STACKS | CHECK_LOG | CHECK_TOOLS));
}

static void begin(void)
{
    struct refusals refused = {.length = 0};
    const char *text = secure_getenv("POND_DEBUG");
    text = text != NULL ? text : POND_DEBUG_DEFAULT;
    registry_lock();
    bool done = apply(text, FROM_ENVIRONMENT, &refused);
    registry_unlock();
    if (!done)
        say_refused(text, FROM_ENVIRONMENT, "there is no memory for it", "nothing is checked");
    else if (refused.length > 0)
        say_refused(text, FROM_ENVIRONMENT, refused.phrases,
                    anything_is_checked() ? "the other words are on" : "nothing is checked");
}

void watch_begin(void)
{
    int saved = errno;
    pthread_once(&begun, begin);
    errno = saved;
}

bool watch_created(struct pond *p)
{
    const struct watch *w = wanted(LOAD(check_settings.words));
    if (w == NULL)
        return true;
    if (!check_attach(p))
        return false;
    attend(p, w);
    check_of(p)->whole = w == &watch_full;
    registry_watch_threads(true);
    return true;
}

struct watch_room watch_layout(const pond_options *options)
{
    /* In front for a search for leaks, too: where a slab begins is then no pointer to its first object. */
    bool zones = check_on(CHECK_REDZONE) || (check_on(CHECK_TOOLS) && tools_search());
    size_t zone = zones ? REDZONE_BYTES : 0;
    size_t room = check_on(CHECK_TOOLS) ? tools_room(options->size) : 0;
    return (struct watch_room){.lead = zone, .tail = MAX(zone, room)};
}
