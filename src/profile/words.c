/* SPDX-License-Identifier: BSD-2-Clause */
/* POND_PROFILE and pond_profile_set: the table of words. */
#include "../os.h"
#include "../part.h"
#include "profile.h"
#include "trace.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char profile_help[] =
    "pond: POND_PROFILE=word,word...  a heap profile of the ponds\n"
    "  rate=BYTES   one sample every so many bytes got, on average (512k is usual; 1: every get). A number\n"
    "               alone is a rate. k, M and G are understood\n"
    "  exit=FILE    a profile is written when the process exits; %p in FILE is the process's number\n"
    "  fine=BYTES   the rate for a while when what is in use grows (16k)\n"
    "  grow=BYTES   by so much since it was least, or by a part of it: grow=20%   (64M)\n"
    "  for=N        for so many seconds (30)\n"
    "  seed=N       the samples of two runs are the same if their threads are alike\n"
    "  trace        a line for each tick and pond\n"
    "  off          nothing;  help  this table\n";

/* ---- values ---- */

/* "512k", "64M", "1": false: it is none, or 0. */
static bool profile_bytes_of(struct part v, uint64_t *bytes)
{
    return part_bytes(v.text, v.length, UINT64_C(1) << 60, bytes) && *bytes > 0;
}

static bool profile_take_rate(struct part v, struct profile_settings *s)
{
    return profile_bytes_of(v, &s->rate);
}

static bool profile_take_fine(struct part v, struct profile_settings *s)
{
    return profile_bytes_of(v, &s->fine);
}

static bool profile_take_grow(struct part v, struct profile_settings *s)
{
    s->grow_percent = v.length > 1 && v.text[v.length - 1] == '%';
    if (s->grow_percent)
        return part_number(v.text, v.length - 1, 1000000, &s->grow) && s->grow > 0;
    return profile_bytes_of(v, &s->grow);
}

static bool profile_take_for(struct part v, struct profile_settings *s)
{
    return part_number(v.text, v.length, UINT32_MAX, &s->seconds) && s->seconds > 0;
}

static bool profile_take_seed(struct part v, struct profile_settings *s)
{
    return part_number(v.text, v.length, UINT64_MAX, &s->seed) && s->seed > 0;
}

static bool profile_take_exit(struct part v, struct profile_settings *s)
{
    if (v.length == 0 || v.length >= sizeof s->file)
        return false;
    memcpy(s->file, v.text, v.length);
    s->file[v.length] = 0;
    return true;
}

static bool profile_take_trace(struct part v, struct profile_settings *s)
{
    (void)v;
    s->trace = true;
    return true;
}

static bool profile_take_off(struct part v, struct profile_settings *s)
{
    (void)v;
    *s = (struct profile_settings){.rate = 0};
    return true;
}

/* The registry's lock is not held. */
static bool profile_take_help(struct part v, struct profile_settings *s)
{
    int cancel = os_hold_cancel();
    (void)!write(STDERR_FILENO, profile_help, strlen(profile_help));
    os_allow_cancel(cancel);
    (void)v, (void)s;
    return true;
}

/* ---- the table ---- */

static const struct profile_word {
    const char *name;
    bool (*take)(struct part value, struct profile_settings *s);
    bool has_value;
} profile_words[] = {
    {"rate", profile_take_rate, true},    {"fine", profile_take_fine, true},
    {"grow", profile_take_grow, true},    {"for", profile_take_for, true},
    {"exit", profile_take_exit, true},    {"seed", profile_take_seed, true},
    {"trace", profile_take_trace, false}, {"off", profile_take_off, false},
    {"help", profile_take_help, false},
};

static const struct profile_word *profile_find_word(struct part name)
{
    for (size_t i = 0; i < sizeof profile_words / sizeof profile_words[0]; i++)
        if (part_says(name, profile_words[i].name))
            return &profile_words[i];
    return NULL;
}

/* NULL: it is understood. Else why not. */
static const char *profile_parse_word(struct part p, struct profile_settings *s)
{
    const char *equals = memchr(p.text, '=', p.length);
    size_t before = equals != NULL ? (size_t)(equals - p.text) : p.length;
    const struct profile_word *w = profile_find_word(part_of(p.text, before));
    struct part value = {.text = "", .length = 0};
    if (w == NULL && equals == NULL && p.length > 0 && p.text[0] >= '0' && p.text[0] <= '9')
        return profile_take_rate(p, s) ? NULL : "is no rate";
    if (w == NULL)
        return "is no word";
    if (equals == NULL && w->has_value)
        return "lacks its value";
    if (equals != NULL && !w->has_value)
        return "takes no value";
    if (equals != NULL)
        value = part_of(equals + 1, p.length - before - 1);
    return w->take(value, s) ? NULL : "has a wrong value";
}

static void profile_parse(const char *text, struct profile_settings *s, struct refusals *refused)
{
    bool more = part_of(text, strlen(text)).length > 0;
    *s = (struct profile_settings){.rate = 0};
    while (more) {
        size_t length = strcspn(text, ",");
        struct part p = part_of(text, length);
        const char *why = profile_parse_word(p, s);
        if (why != NULL)
            refusal_note(refused, p, why);
        more = text[length] == ',';
        text += length + 1;
    }
}

/* What is not said: grow means with fine, and fine with grow, of the usual amount. */
static void profile_complete(struct profile_settings *s)
{
    if (s->fine == 0 && s->grow == 0)
        return;
    if (s->grow == 0)
        s->grow = UINT64_C(64) << 20;
    if (s->fine == 0)
        s->fine = MAX(s->rate / 32, 1);
    if (s->seconds == 0)
        s->seconds = 30;
}

/* ---- setting ---- */

static void profile_say_refused(const char *text, bool from_call, const char *why, const char *outcome)
{
    const struct watch_words w = {.function = "pond_profile_set",
                                  .variable = "POND_PROFILE",
                                  .text = text,
                                  .advice = "set POND_PROFILE to words of this list, with commas between",
                                  .table = profile_help};
    watch_bad_words(&w, from_call, why, outcome);
}

/* What is not as it was asked for: why, and what comes of it; NULL: all is. */
struct profile_flaw {
    const char *why, *outcome;
    bool no_memory;
};

static struct profile_flaw profile_apply(const struct profile_settings *s)
{
    registry_lock();
    bool done = rate_set(s);
    registry_unlock();
    trace_on(s->trace);
    if (!done)
        return (struct profile_flaw){"there is no memory for it", "some ponds are not sampled yet", true};
    if (!exit_set(s->file))
        return (struct profile_flaw){
            "exit=FILE needs libpond-profile, which is neither linked nor to be loaded",
            "no profile will be written at exit", false};
    return (struct profile_flaw){NULL, NULL, false};
}

static int profile_apply_asked(const char *text, const struct profile_settings *s)
{
    struct profile_flaw flaw = profile_apply(s);
    if (flaw.why != NULL)
        profile_say_refused(text, true, flaw.why, flaw.outcome);
    if (flaw.no_memory)
        errno = ENOMEM;
    return flaw.no_memory ? -1 : 0;
}

static int profile_set(const char *text)
{
    struct refusals refused = {.length = 0};
    struct profile_settings s;
    sample_begin();
    profile_parse(text, &s, &refused);
    profile_complete(&s);
    if (refused.length == 0)
        return profile_apply_asked(text, &s);
    profile_say_refused(text, true, refused.phrases, "nothing is changed");
    errno = EINVAL;
    return -1;
}

int pond_profile_set(const char *text)
{
    if (!registry_enter(NULL, "pond_profile_set", CALLER))
        return -1;
    int result = profile_set(text == NULL ? "" : text);
    entry_end();
    return result;
}

/* ---- the first pond ---- */

static pthread_once_t profile_begun = PTHREAD_ONCE_INIT;

/* Of the environment's words. */
static struct {
    struct refusals refused;
    struct profile_flaw flaw;
    bool some;   /* of them are on */
    bool unsaid; /* there is something to say */
} profile_first;

static void profile_begin(void)
{
    struct profile_settings s;
    const char *text = secure_getenv("POND_PROFILE");
    if (text == NULL)
        return;
    profile_parse(text, &s, &profile_first.refused);
    profile_complete(&s);
    profile_first.flaw = profile_apply(&s);
    profile_first.some = s.rate > 0 || s.trace;
    STORE(profile_first.unsaid, profile_first.flaw.why != NULL || profile_first.refused.length > 0);
}

static void profile_say_first(void)
{
    const char *text = secure_getenv("POND_PROFILE");
    const struct profile_flaw *flaw = &profile_first.flaw;
    if (flaw->why != NULL)
        profile_say_refused(text != NULL ? text : "", false, flaw->why, flaw->outcome);
    if (profile_first.refused.length > 0)
        profile_say_refused(text != NULL ? text : "", false, profile_first.refused.phrases,
                            profile_first.some ? "the other words are on" : "nothing is sampled");
}

/* A handler of reports may make a pond: so nothing is said before this is over. */
void sample_begin(void)
{
    int saved = errno;
    (void)pthread_once(&profile_begun, profile_begin);
    if (LOAD(profile_first.unsaid) && __atomic_exchange_n(&profile_first.unsaid, false, __ATOMIC_RELAXED))
        profile_say_first();
    errno = saved;
}
