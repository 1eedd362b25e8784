// SPDX-License-Identifier: BSD-2-Clause
// The sentences of a verdict.
#include "parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

// What is written so far; what has no room is counted.
struct text {
    char *to;
    size_t size, length;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t at = t->length < t->size ? t->length : t->size;
    int more = vsnprintf(t->size == 0 ? NULL : t->to + at, t->size - at, format, arguments);
    va_end(arguments);
    t->length += more > 0 ? (size_t)more : 0;
}

static void put_time(struct text *t, double seconds)
{
    double whole = floor(seconds + 0.5), minutes = floor(seconds / 60 + 0.5);
    if (seconds < 10)
        put(t, "%.1f s", seconds);
    else if (whole < 120)
        put(t, "%.0f s", whole);
    else if (minutes < 10 && fmod(whole, 60) > 0)
        put(t, "%.0f min %.0f s", floor(whole / 60), fmod(whole, 60));
    else if (minutes < 120)
        put(t, "%.0f min", minutes);
    else if (minutes < 48 * 60)
        put(t, "%.0f h %.0f min", floor(minutes / 60), fmod(minutes, 60));
    else
        put(t, "%.0f days", floor(minutes / 60 / 24));
}

static void put_bytes(struct text *t, double bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t i = 0;
    while (bytes >= 1024 && i + 1 < sizeof units / sizeof *units) {
        bytes /= 1024;
        i++;
    }
    put(t, i == 0 ? "%.0f %s" : "%.2f %s", bytes, units[i]);
}

static void put_amount(struct text *t, double amount, const char *one, const char *many)
{
    put(t, "%.0f %s", amount, amount == 1 ? one : many);
}

// "once in 20,000 times"
static void put_chance(struct text *t, double p)
{
    double times = p > 0 ? 1 / p : INFINITY;
    if (times < 1e6)
        put(t, "once in %.0f times", times);
    else
        put(t, "less than once in a million times");
}

static void put_pace(struct text *t, const struct verdict_result *r)
{
    put_bytes(t, r->growth_bytes_per_minute);
    put(t, " a minute");
}

// How sure it is that survivors do not end.
static void put_ends(struct text *t, const struct verdict_result *r, double faster)
{
    put(t, "Of ");
    put_amount(t, (double)(r->survivors + r->ended), "recorded object that got", "recorded objects that got");
    put(t, " older than ");
    put_time(t, r->old_seconds);
    if (r->ended == 0)
        put(t, " none has ended");
    else
        put(t, " %llu ended", (unsigned long long)r->ended);
    put(t, ". If such objects ended after another ");
    put_time(t, REST_MINUTES * 60 / faster);
    put(t, " on average, so few ends would come by chance ");
    put_chance(t, r->p);
    put(t, ". ");
}

static void put_leak(struct text *t, const struct verdict_result *r, double faster)
{
    put(t, "What this stack gets and nobody puts back grows evenly, by ");
    put_pace(t, r);
    put(t, " for the last ");
    put_time(t, r->horizon_seconds);
    put(t, ". ");
    put_ends(t, r, faster);
    put(t, "Next: find the put that is missing for what this stack gets. In a flame graph of the state live "
           "all its "
           "callers are seen, and in the difference of two profiles those that grow. ");
}

static void put_held(struct text *t, const struct verdict_result *r, const struct verdict_stack *s)
{
    bool each = s->inuse_objects < 1.5 * (double)s->age_count; // else a recorded one stands for several
    put_amount(t, (double)r->held, each ? "object is" : "recorded object is",
               each ? "objects are" : "recorded objects are");
    put(t, " in use for ");
    put_time(t, r->held_seconds);
    put(t, r->held == 1 ? ", and of " : " or longer, and of ");
    put_amount(t, r->others, "other", "others");
    put(t, " that this stack got none was for longer than ");
    put_time(t, r->others_seconds);
    put(t, ". Something has not ended that usually does: a worker that waits, or an answer that never came. "
           "Next: look at what the program began to do at that time, and at where its threads are now. ");
}

static void put_warming_up(struct text *t, const struct verdict_result *r, double faster)
{
    put(t, "What this stack gets stays, ");
    put(t, r->at_once ? "but came at once or in a few bursts" : "but ever less comes");
    put(t, ": of recorded objects that are in use, %llu came in the older half of the last ",
        (unsigned long long)r->older);
    put_time(t, r->horizon_seconds);
    put(t, " and %llu in the newer. So does a cache or a table that is being filled. ",
        (unsigned long long)r->newer);
    put_ends(t, r, faster);
    put(t, "Next: look again later; it should become steady. ");
}

static void put_filling(struct text *t, const struct verdict_result *r, double faster)
{
    put(t, "%.0f%% of the pond's max_objects are in use, and ", floor(r->full * 100));
    put_pace(t, r);
    put(t, " more for the last ");
    put_time(t, r->horizon_seconds);
    if (r->full_seconds > 0) {
        put(t, ": full in ");
        put_time(t, r->full_seconds);
    }
    put(t, ". Then gets fail. ");
    if (r->p < RARE)
        put_ends(t, r, faster);
    put(t, "Next: see whether what this stack gets is put back, or whether max_objects is too small for the "
           "load. ");
}

static void put_growing(struct text *t, const struct verdict_result *r)
{
    put(t, "The troughs of this pond rise by ");
    put_pace(t, r);
    put(t, " for the last ");
    put_time(t, r->horizon_seconds);
    put(t, ", partly by what this stack gets. A leak is not proven: objects end, or the growth is young or "
           "uneven. Next: "
           "look again in a few minutes, and at the load meanwhile. ");
}

// What nobody can know, and by what all times were divided.
static void put_limits(struct text *t, const struct verdict_result *r, double watched, double faster)
{
    if (r->verdict == VERDICT_TOO_EARLY)
        put(t, "It is too early to say: a leak is told from ");
    else
        put(t, "Watched for ");
    put_time(t, r->verdict == VERDICT_TOO_EARLY ? LEAST_WATCHED * 60 / faster : watched);
    if (r->verdict == VERDICT_TOO_EARLY) {
        put(t, " on, and it is watched for ");
        put_time(t, watched);
    }
    put(t, ". Whether the program has periods longer than that cannot be known");
    if (r->verdict == VERDICT_LEAK || r->verdict == VERDICT_SLOW_LEAK)
        put(t, ": what is filled evenly for so long, or ends only later, looks like a leak until then");
    put(t, ".");
    if (faster > 1)
        put(t, " All times of the rule are divided by %g, as for a demonstration.", faster);
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[VERDICTS] = {"steady",     "leak",    "slow leak", "held",
                                                "warming up", "filling", "growing",   "too early"};
    return (unsigned)v < VERDICTS ? names[v] : "";
}

size_t verdict_words(char *text, size_t n, const struct verdict_result *r, const struct verdict_stack *s,
                     double watched, double faster)
{
    struct text t = {.to = text, .size = n};
    faster = faster >= 1 ? faster : 1;
    if (n > 0)
        text[0] = '\0';
    if (r->verdict == VERDICT_LEAK || r->verdict == VERDICT_SLOW_LEAK)
        put_leak(&t, r, faster);
    else if (r->verdict == VERDICT_HELD)
        put_held(&t, r, s);
    else if (r->verdict == VERDICT_WARMING_UP)
        put_warming_up(&t, r, faster);
    else if (r->verdict == VERDICT_FILLING)
        put_filling(&t, r, faster);
    else if (r->verdict == VERDICT_GROWING)
        put_growing(&t, r);
    else if (r->verdict == VERDICT_STEADY)
        put(&t, s->inuse_objects > 0 ? "What this stack gets ends, or does not add up. "
                                     : "Nothing of it is in use. ");
    put_limits(&t, r, watched, faster);
    return t.length;
}
