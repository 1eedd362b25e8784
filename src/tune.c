/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POND_TUNE: whoever runs a server tries other options than those it was built with, without building it
 * anew.
 *
 * Invariants
 *   1. The words are written once, before the first pond is made; what they have changed is counted under the
 *      registry's lock.
 *   2. The file is never seen half written: it is written under a name of this process's own and renamed.
 */
#include "tune.h"
#include "dump.h"
#include "options.h"
#include "part.h"
#include "profile/trace.h"
#include "watch.h"
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char tune_help[] =
    "pond: POND_TUNE=option=value@name,...  options of the ponds of that name, in the place of the "
    "program's\n"
    "  cache_objects, min_idle, max_objects, max_age            a number\n"
    "  max_idle_bytes, max_footprint                            bytes; k, M and G are understood\n"
    "  name                                                     may have * ? and [] in it, as for a shell;\n"
    "                                                           without @name it is for all ponds\n"
    "  stats=FILE   each tick writes the table of pond_dump to FILE; %p in FILE is the process's number\n"
    "  help         this table\n";

/* ---- the words ---- */

static const struct tune_option {
    const char *name;
    size_t offset;
    bool bytes;    /* else a number */
    uint64_t most; /* what the type holds, and the pond takes */
} tune_table[] = {
    {"cache_objects", offsetof(pond_options, cache_objects), false, POND_MAX_CACHE_OBJECTS},
    {"min_idle", offsetof(pond_options, min_idle), false, SIZE_MAX},
    {"max_objects", offsetof(pond_options, max_objects), false, SIZE_MAX},
    {"max_idle_bytes", offsetof(pond_options, max_idle_bytes), true, SIZE_MAX},
    {"max_footprint", offsetof(pond_options, max_footprint), true, SIZE_MAX},
    {"max_age", offsetof(pond_options, max_age), false, UINT64_MAX},
};

#define TUNE_WORDS 64
#define TUNE_FILE_BYTES 512

struct tune_word {
    const struct tune_option *option;
    uint64_t value;
    char pattern[64]; /* "": all ponds */

    uint64_t ponds, refused; /* how many ponds have the value, and how many could not have it */
    uint64_t own;            /* the value that the first of those had from the program */
    bool owns_differ;        /* not all of them had that one */
};

static struct tune {
    struct tune_word words[TUNE_WORDS];
    size_t count;
    char file[TUNE_FILE_BYTES]; /* of stats=; "": none */
    pid_t writer;               /* the process of which a thread is writing the file; 0: none is */
    uint64_t written;           /* when that ended last, as os_milliseconds; 0: never. Written by the writer.
                                   Relaxed: only how long to wait for the next time */
    bool unwritable;            /* it was said that the file cannot be written */
} tune;

static uint64_t tune_load(const pond_options *o, const struct tune_option *t)
{
    const char *place = (const char *)o + t->offset;
    return t->offset == offsetof(pond_options, max_age) ? *(const uint64_t *)(const void *)place
                                                        : *(const size_t *)(const void *)place;
}

static void tune_store(pond_options *o, const struct tune_option *t, uint64_t value)
{
    char *place = (char *)o + t->offset;
    if (t->offset == offsetof(pond_options, max_age))
        *(uint64_t *)(void *)place = value;
    else
        *(size_t *)(void *)place = (size_t)value;
}

/* ---- parsing ---- */

static const struct tune_option *tune_find(struct part name)
{
    for (size_t i = 0; i < sizeof tune_table / sizeof tune_table[0]; i++)
        if (part_says(name, tune_table[i].name))
            return &tune_table[i];
    return NULL;
}

static const char *tune_write_help(void)
{
    int cancel = os_hold_cancel();
    (void)!write(STDERR_FILENO, tune_help, strlen(tune_help));
    os_allow_cancel(cancel);
    return NULL;
}

static const char *tune_take_file(struct part v)
{
    if (v.length == 0 || v.length >= sizeof tune.file)
        return "has a wrong value";
    memcpy(tune.file, v.text, v.length);
    tune.file[v.length] = '\0';
    return NULL;
}

/* "value" or "value@pattern". */
static const char *tune_take_option(const struct tune_option *t, struct part v)
{
    struct tune_word w = {.option = t};
    const char *at = memchr(v.text, '@', v.length);
    size_t before = at != NULL ? (size_t)(at - v.text) : v.length;
    struct part number = part_of(v.text, before), pattern = {.text = "", .length = 0};
    if (at != NULL)
        pattern = part_of(at + 1, v.length - before - 1);
    bool right = t->bytes ? part_bytes(number.text, number.length, t->most, &w.value)
                          : part_number(number.text, number.length, t->most, &w.value);
    if (!right)
        return "has a wrong value";
    if (pattern.length >= sizeof w.pattern || (at != NULL && pattern.length == 0))
        return "has no name of a pond";
    if (tune.count == TUNE_WORDS)
        return "is one word too many";
    memcpy(w.pattern, pattern.text, pattern.length);
    tune.words[tune.count++] = w;
    return NULL;
}

/* NULL: it is understood. Else why not. */
static const char *tune_parse_word(struct part p)
{
    const char *equals = memchr(p.text, '=', p.length);
    size_t before = equals != NULL ? (size_t)(equals - p.text) : p.length;
    struct part name = part_of(p.text, before), value = {.text = "", .length = 0};
    const struct tune_option *t = tune_find(name);
    bool file = part_says(name, "stats");
    if (equals == NULL && part_says(p, "help"))
        return tune_write_help();
    if (t == NULL && !file)
        return "is no option to be tuned";
    if (equals == NULL)
        return "lacks its value";
    value = part_of(equals + 1, p.length - before - 1);
    return file ? tune_take_file(value) : tune_take_option(t, value);
}

static void tune_parse(const char *text, struct refusals *refused)
{
    bool more = part_of(text, strlen(text)).length > 0;
    while (more) {
        size_t length = strcspn(text, ",");
        struct part p = part_of(text, length);
        const char *why = tune_parse_word(p);
        if (why != NULL)
            refusal_note(refused, p, why);
        more = text[length] == ',';
        text += length + 1;
    }
}

static void tune_say(const char *text, const char *why, const char *outcome, const char *table)
{
    const struct watch_words w = {.variable = "POND_TUNE",
                                  .text = text,
                                  .advice = table != NULL
                                                ? "set POND_TUNE to words of this list, with commas between"
                                                : "pond_dump says what POND_TUNE has changed",
                                  .table = table};
    watch_bad_words(&w, false, why, outcome);
}

static pthread_once_t tune_begun = PTHREAD_ONCE_INIT;
static struct refusals tune_refused;
static bool tune_unsaid; /* some words are refused, and nobody was told. Relaxed: pthread_once orders it */

static void tune_read(void)
{
    const char *text = secure_getenv("POND_TUNE");
    if (text == NULL)
        return;
    tune_parse(text, &tune_refused);
    STORE(tune_unsaid, tune_refused.length > 0);
}

static void tune_say_refused(void)
{
    const char *text = secure_getenv("POND_TUNE");
    tune_say(text != NULL ? text : "", tune_refused.phrases,
             tune.count > 0 || tune.file[0] != '\0' ? "the other words count" : "nothing is tuned",
             tune_help);
}

/* Nothing is said before the reading is over, for a handler of reports may make a pond. Relaxed: the exchange
 * decides who says it; what is said was read before pthread_once returned. */
void tune_begin(void)
{
    int saved = errno;
    (void)pthread_once(&tune_begun, tune_read);
    if (LOAD(tune_unsaid) && __atomic_exchange_n(&tune_unsaid, false, __ATOMIC_RELAXED))
        tune_say_refused();
    errno = saved;
}

/* ---- a pond's options ---- */

static bool tune_is_for(const struct tune_word *w, const char *name)
{
    return w->pattern[0] == '\0' || fnmatch(w->pattern, name, 0) == 0;
}

/* True: no later word is for the same option of this pond: of several the last one counts. */
static bool tune_is_last(const struct tune_word *w, const char *name)
{
    for (const struct tune_word *later = w + 1; later < tune.words + tune.count; later++)
        if (later->option == w->option && tune_is_for(later, name))
            return false;
    return true;
}

static bool tune_has(const struct tune_word *w, const char *name)
{
    return tune_is_for(w, name) && tune_is_last(w, name);
}

/* Notes that one pond more has the word's value in the place of its own. Under the registry's lock. */
static void tune_note(struct tune_word *w, uint64_t own)
{
    if (w->ponds++ == 0)
        w->own = own;
    w->owns_differ = w->owns_differ || w->own != own;
}

static void tune_all(pond_options *o, const char *name)
{
    for (size_t i = 0; i < tune.count; i++)
        if (tune_has(&tune.words[i], name))
            tune_store(o, tune.words[i].option, tune.words[i].value);
}

/* The first word that a pond cannot have, and why. */
struct tune_refusal {
    const struct tune_word *word; /* NULL: there is none, or it was said before */
    const char *why;
};

/*
 * Tries all words together first: of min_idle and max_objects neither may be right without the other. If that
 * cannot be, it tries one after the other and keeps those that can be. Under the registry's lock.
 */
static struct tune_refusal tune_try(pond_options *o, const char *name)
{
    struct tune_refusal refusal = {.word = NULL};
    pond_options given = *o, together = *o, settled;
    tune_all(&together, name);
    bool all = options_fill(&together, &settled) == NULL;
    for (struct tune_word *w = tune.words; w < tune.words + tune.count; w++) {
        pond_options tried = *o;
        if (!tune_has(w, name))
            continue;
        tune_store(&tried, w->option, w->value);
        const char *why = all ? NULL : options_fill(&tried, &settled);
        if (why == NULL) {
            *o = tried;
            tune_note(w, tune_load(&given, w->option));
        } else if (w->refused++ == 0 && refusal.word == NULL) {
            refusal = (struct tune_refusal){w, why};
        }
    }
    return refusal;
}

/* Writes the word as it was given, without its spaces. */
static void tune_spell(const struct tune_word *w, char *text, size_t n)
{
    (void)snprintf(text, n, "%s=%llu%s%s", w->option->name, (unsigned long long)w->value,
                   w->pattern[0] != '\0' ? "@" : "", w->pattern);
}

void tune_options(pond_options *o, const char *name)
{
    char word[128], why[192];
    if (tune.count == 0)
        return;
    registry_lock();
    struct tune_refusal refusal = tune_try(o, name);
    registry_unlock();
    if (refusal.word == NULL)
        return;
    tune_spell(refusal.word, word, sizeof word);
    (void)snprintf(why, sizeof why, "the pond \"%s\" cannot have it: %.*s", name,
                   (int)strlen(refusal.why) - 1, refusal.why); /* without its full stop */
    tune_say(word, why, "the program's own value stays", NULL);
}

bool tune_line(size_t i, char *text, size_t n)
{
    struct trace_name name;
    char own[24] = "-";
    tune_begin();
    if (i >= tune.count)
        return false;
    registry_lock();
    struct tune_word w = tune.words[i];
    registry_unlock();
    trace_name(&name, w.pattern[0] != '\0' ? w.pattern : "*");
    if (w.ponds > 0 && !w.owns_differ)
        (void)snprintf(own, sizeof own, "%llu", (unsigned long long)w.own);
    (void)snprintf(text, n, "tuned %s=%llu@%s ponds=%llu refused=%llu own=%s", w.option->name,
                   (unsigned long long)w.value, name.text, (unsigned long long)w.ponds,
                   (unsigned long long)w.refused, own);
    return true;
}

/* ---- the file ---- */

/*
 * Lets one thread at a time write the file. Nobody waits: whoever finds another thread at it leaves it to
 * that one. The child of a fork that came meanwhile finds its parent's number there, and takes its place.
 * Pairs with the release in tune_leave: a writer sees what the one before it noted.
 */
static bool tune_claim(void)
{
    pid_t me = getpid(), was = LOAD(tune.writer);
    return was != me &&
           __atomic_compare_exchange_n(&tune.writer, &was, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Pairs with the acquire in tune_claim: the next writer sees what this one noted. */
static void tune_leave(void)
{
    POND_ASSERT(LOAD(tune.writer) == getpid());
    STORE(tune.written, os_milliseconds());
    __atomic_store_n(&tune.writer, 0, __ATOMIC_RELEASE);
}

/* Writes the table to a temporary file and renames it. What is there and is no plain file, but a device or a
 * link, is not replaced by one. 0, or errno. */
static int tune_replace(const char *file, const char *temporary)
{
    struct stat there;
    if (lstat(file, &there) == 0 && !S_ISREG(there.st_mode))
        return EEXIST;
    int fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return errno;
    int error = dump_all_to(fd);
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(temporary, file) != 0)
        error = errno;
    if (error != 0)
        (void)unlink(temporary);
    return error;
}

/* Says once that the file cannot be written; the next tick tries again. Relaxed: the exchange decides who
 * says it, and nothing else is read by it. */
static void tune_say_unwritable(const char *file, int error)
{
    char word[sizeof tune.file + 48], why[160];
    if (error == 0 || __atomic_exchange_n(&tune.unwritable, true, __ATOMIC_RELAXED))
        return;
    (void)snprintf(word, sizeof word, "stats=%s", file);
    (void)snprintf(why, sizeof why, "the file cannot be written: %s",
                   error == EEXIST ? "what is there is no plain file" : strerror(error));
    tune_say(word, why, "each tick tries again", NULL);
}

static void tune_write(void)
{
    char file[TUNE_FILE_BYTES + 32], temporary[sizeof file + 64];
    if (!tune_claim())
        return;
    int saved = errno, cancel = os_hold_cancel();
    (void)part_with_process(file, sizeof file, tune.file);
    (void)snprintf(temporary, sizeof temporary, "%s.%ld.%llx", file, (long)getpid(),
                   (unsigned long long)os_seed()); /* another copy of the library may be at it, too */
    int error = tune_replace(file, temporary);
    tune_leave();
    os_allow_cancel(cancel);
    tune_say_unwritable(file, error); /* a handler may leave by longjmp */
    errno = saved;
}

#define TUNE_PAUSE 100 /* milliseconds between files that ticks of one pond write */

void tune_ticked(bool all)
{
    tune_begin();
    if (tune.file[0] != '\0' && (all || os_milliseconds() - LOAD(tune.written) >= TUNE_PAUSE))
        tune_write();
}

void tune_created(void)
{
    if (tune.file[0] != '\0' && LOAD(tune.written) == 0)
        tune_write();
}
