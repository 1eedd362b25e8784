/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches words on and off, and knows what is on.
 *
 * Invariants
 *   1. Words and every pond's watch change under the registry's lock.
 *   2. A pond is watched while any word is on for it; and afterwards for as long as one of its checks' holds
 * is not 0, for what they stand for needs the watcher: a poisoned idle object, a live guard slot.
 *   3. A watched pond is shut: none of its lines opens. All other ponds keep their fast path.
 *   4. Records are kept up to date while `full` watches, and are believed only when they are of the
 *      generation that began with it.
 */
#include "bytes.h"
#include "full.h"
#include "guard.h"
#include "help.h"
#include "report.h"
#include "rules.h"
#include "tell.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct check_settings check_settings;
uint32_t check_somewhere;
uint64_t check_changes;

#ifndef POND_DEBUG_DEFAULT
#define POND_DEBUG_DEFAULT ""
#endif

/* Under the registry's lock: what is on, and what is being read. */
static struct rules said, reading;

/* ---- what is on, as text ---- */

bool words_say_off(const char *text)
{
    return text != NULL && part_says(part_of(text, strlen(text)), "off");
}

/* Adds what was said of ponds by name, unless the lock is taken: in the handler of a signal by this thread,
   maybe. */
static void add_rules(char *text, size_t n, size_t *at)
{
    if (!registry_trylock())
        return;
    rules_text(&said, text, n, at);
    registry_unlock();
}

size_t check_words_text(const struct pond *p, char *text, size_t n)
{
    const struct check *c = p != NULL ? check_of(p) : NULL;
    size_t at = 0;
    settings_text(c != NULL ? &c->on : &check_settings, text, n, &at);
    if (p == NULL)
        add_rules(text, n, &at);
    return at;
}

size_t pond_debug_get(char *text, size_t n)
{
    if (!registry_enter(NULL, "pond_debug_get", CALLER))
        return 0;
    registry_lock();
    size_t at = 0;
    settings_text(&said.all, text, n, &at);
    rules_text(&said, text, n, &at);
    registry_unlock();
    entry_end();
    return at;
}

/* ---- switching ---- */

static const struct watch *wanted(uint32_t on)
{
    if (rules_need_records(on))
        return &watch_full;
    return (on & CHECK_GUARD) != 0 ? &watch_guard : NULL;
}

/*
 * Has the pond watched by w; NULL: by nobody. A generation lies within the time in which watch_full is the
 * pond's watch: it begins after it and ends before it. A put that was watched, and went on while nobody
 * watched, writes its record late, maybe right here. Were the new generation there before the watch, then the
 * object could be got unwatched after that, and its next put would find a believed record that says it is
 * idle.
 */
static void watch_with(struct pond *p, const struct watch *w)
{
    struct check *c = check_of(p);
    bool begins = w == &watch_full && watch_of(p) != w;
    if (w != &watch_full && c != NULL)
        __atomic_store_n(&c->generation, RECORD_NEVER, __ATOMIC_RELEASE); /* Pairs with record_generation */
    if (begins)
        STORE(c->whole, false);
    put_way_clear(p);
    __atomic_store_n(&p->watch, w, __ATOMIC_RELEASE); /* Pairs with watch_of: the pond's check is seen */
    put_way_set(p);
    board_look(p, true); /* until the first turn after it is watched no more */
    if (begins)
        /* Pairs with record_generation: whoever reads it finds the watch that was stored before. */
        __atomic_store_n(&c->generation, ++c->generations, __ATOMIC_RELEASE);
    POND_ASSERT(c == NULL || c->generation == RECORD_NEVER || c->generation == c->generations);
}

static void store_words(struct check_settings *s, uint32_t on)
{
    /* Pairs with check_hold_for: it sees the word off, or its count is seen by check_holds afterwards. */
    __atomic_store_n(&s->words, on, __ATOMIC_SEQ_CST);
}

static void store_values(struct check_settings *s, const struct check_settings *now)
{
    STORE(s->stacks, now->stacks);
    STORE(s->poison_bytes, now->poison_bytes);
    STORE(s->hold_epochs, now->hold_epochs);
    STORE(s->leak_kept, now->leak_kept);
    STORE(s->guard_every, now->guard_every);
    STORE(s->fail_permille, now->fail_permille);
    STORE(s->seed, now->seed);
}

/* Has the pond watched as its words want it. One that holds something stays watched until nothing is held any
   more: a tick then comes here again. */
static void watch_as_wanted(struct pond *p)
{
    const struct watch *w = wanted(check_of(p)->on.words);
    if (watch_of(p) != w && (w == &watch_full || check_holds(check_of(p)) == 0))
        watch_with(p, w);
    /* Pairs with gate_is_shut: whoever finds the pond open finds it unwatched. */
    __atomic_store_n(&p->shut, watch_of(p) != NULL, __ATOMIC_RELEASE);
}

/*
 * Puts these words on for the pond, and off all others. A word goes off before its pond may be left
 * unwatched, and on when it is watched: whoever sees it on in check_hold_for is watched for as long as
 * something is held.
 */
static void put_on(struct pond *p, const struct check_settings *now)
{
    struct check_settings *s = &check_of(p)->on;
    const struct watch *w = wanted(now->words);
    store_words(s, s->words & now->words);
    store_values(s, now);
    STORE(p->watch_step, guard_step(now->guard_every)); /* Relaxed: an old N counts for a few gets more */
    if (w == &watch_full || check_holds(check_of(p)) == 0)
        watch_with(p, w);
    store_words(s, now->words);
    POND_ASSERT(w == NULL || watch_of(p) != NULL);
    __atomic_store_n(&p->shut, watch_of(p) != NULL, __ATOMIC_RELEASE); /* Pairs with gate_is_shut */
}

/* Shuts all ponds that are to be watched, before any of them is: no fast path may take what a watched put has
   brought. False: there is no memory to watch them all. */
static bool shut_all(void)
{
    bool all = true, any = false;
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        struct check_settings now = rules_for(&said, p->name);
        if (wanted(now.words) == NULL || p->shut)
            continue;
        if (!check_attach(p)) {
            all = false;
            continue;
        }
        STORE(p->shut, true); /* Relaxed: the lines are closed below, with a barrier for all threads */
        any = true;
    }
    if (any)
        registry_close_lines();
    return all;
}

/* Has the ponds watched as `said` wants it. */
static bool watch_all(void)
{
    bool all = shut_all();
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        struct check_settings now = rules_for(&said, p->name);
        if (check_of(p) != NULL)
            put_on(p, &now);
    }
    return all;
}

void words_watch_anew(struct pond *p)
{
    if (watch_of(p) == wanted(LOAD(check_of(p)->on.words)))
        return;
    registry_lock();
    watch_as_wanted(p);
    registry_unlock();
}

/* Where words come from. */
enum source {
    FROM_CALL,       /* pond_debug_set: all of them or nothing */
    FROM_ENVIRONMENT /* POND_DEBUG: those that are understood, for nobody sees an error */
};

/* CHECK_TOOLS if a tool is there, else 0. With the registry's lock. */
static uint32_t tools_word(void)
{
    static bool asked, present;
    present = asked ? present : tools_present();
    asked = true;
    return present ? CHECK_TOOLS : 0;
}

/* Has what was said hold of ponds that no rule names, and of what is about none. With the registry's lock. */
static void say_for_all(void)
{
    struct check_settings now = rules_for(&said, NULL);
    store_words(&check_settings, check_settings.words & now.words);
    store_values(&check_settings, &now);
    STORE(check_changes, check_changes + 1);
    STORE(check_somewhere, said.somewhere);
}

/* Puts the words of the text on. With the registry's lock. False and errno: not, or not for all ponds. */
static bool apply(const char *text, enum source source, struct refusals *refused)
{
    rules_parse(&reading, text, refused);
    if (refused->length > 0 && source == FROM_CALL) {
        errno = EINVAL;
        return false;
    }
    reading.all.words |= tools_word();
    reading.somewhere |= tools_word();
    if ((reading.somewhere & CHECK_GUARD) != 0 && !guard_start())
        return false;
    if ((reading.somewhere & ~said.somewhere & CHECK_GUARD) != 0)
        guard_count_anew();
    report_ready(reading.somewhere);
    said = reading;
    say_for_all();
    bool all = watch_all();
    store_words(&check_settings, said.all.words);
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
        bytes_release_all();
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
    return (LOAD(check_somewhere) & ~CHECK_HOW_TO_REPORT) != 0;
}

static struct refusals refused_at_first;
/* Why not all of the environment's words are on; NULL: they are, or it was said.
   Relaxed: pthread_once orders it for all who come here. */
static const char *unsaid;

static const char *words_at_first(void)
{
    const char *text = secure_getenv("POND_DEBUG");
    return text != NULL ? text : POND_DEBUG_DEFAULT;
}

static void begin(void)
{
    registry_lock();
    bool done = apply(words_at_first(), FROM_ENVIRONMENT, &refused_at_first);
    registry_unlock();
    if (!done)
        STORE(unsaid, "there is no memory for it");
    else if (refused_at_first.length > 0)
        STORE(unsaid, refused_at_first.phrases);
}

/* Puts the environment's words on before the first pond is made. A handler of reports may make a pond: so
   nothing is said before the words are on. */
void watch_begin(void)
{
    int saved = errno;
    pthread_once(&begun, begin);
    /* Relaxed: of several threads one says it, whichever. */
    const char *why = LOAD(unsaid) != NULL ? __atomic_exchange_n(&unsaid, NULL, __ATOMIC_RELAXED) : NULL;
    if (why != NULL)
        say_refused(words_at_first(), FROM_ENVIRONMENT, why,
                    anything_is_checked() ? "the other words are on" : "nothing is checked");
    errno = saved;
}

bool watch_created(struct pond *p)
{
    struct check_settings now = rules_for(&said, p->name);
    const struct watch *w = wanted(now.words);
    if (w == NULL)
        return true;
    if (!check_attach(p))
        return false;
    put_on(p, &now);
    check_of(p)->whole = w == &watch_full;
    return true;
}

struct watch_room watch_layout(const pond_options *options)
{
    registry_lock();
    struct check_settings now = rules_for(&said, options->name);
    registry_unlock();
    /* In front for a search for leaks, too: where a slab begins is then no pointer to its first object. */
    bool zones = (now.words & CHECK_REDZONE) != 0 || (check_tools() && tools_search());
    size_t zone = zones ? REDZONE_BYTES : 0;
    size_t room = check_tools() ? tools_room(options->size) : 0;
    return (struct watch_room){.front_bytes = zone, .tail = MAX(zone, room)};
}
