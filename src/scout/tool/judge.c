// SPDX-License-Identifier: BSD-2-Clause
// Which of the groups belong in a pond, and what stands in the way of the others.
#include "scout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double hit_ratio(const struct scout_sim *s)
{
    return s->gets == 0 ? 0 : 1 - (double)s->misses / (double)s->gets;
}

double life(const struct scout_sim *s, double part)
{
    double passed = 0;
    for (int i = 0; i < SCOUT_LIVES && s->puts != 0; i++) {
        passed += (double)s->lives[i];
        if (passed >= part * (double)s->puts)
            return ldexp(1.41e-7, i);
    }
    return 0;
}

// ---- what is saved ----

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

// What two looks at the clock take, which is in each time that was taken.
static double clock_ns(void)
{
    enum { LOOKS = 1000 };
    double begun = now();
    for (int i = 1; i < LOOKS; i++)
        (void)now();
    return (now() - begun) / LOOKS;
}

static double allocator_ns(const struct scout_sim *s, double clock)
{
    double get = s->timed != 0 ? (double)s->get_ns / (double)s->timed - clock : 0;
    double put = s->put_timed != 0 ? (double)s->put_ns / (double)s->put_timed - clock : 0;
    return (get > 0 ? get : 0) + (put > 0 ? put : 0);
}

static double saved_ns(const struct scout_sim *s, double clock, double seconds)
{
    enum { POND_NS = 8 }; /* a get and a put */
    double each = allocator_ns(s, clock) - POND_NS;
    return each <= 0 ? 0 : each * (double)(s->gets - (s->misses < s->gets ? s->misses : s->gets)) / seconds;
}

// ---- an object and its parts ----

static bool has_function(const group *g, const frame *f)
{
    for (unsigned i = 0; i < g->end_chain_count; i++)
        for (size_t k = 0; k < g->end_chains[i]->count; k++)
            if (g->end_chains[i]->frames[k].program && !g->end_chains[i]->frames[k].skipped &&
                strcmp(g->end_chains[i]->frames[k].function, f->function) == 0)
                return true;
    return false;
}

// Some function of the program frees both.
static bool end_together(const group *a, const group *b)
{
    for (unsigned i = 0; i < a->end_chain_count; i++)
        for (size_t k = 0; k < a->end_chains[i]->count && k < 4; k++) {
            const frame *f = &a->end_chains[i]->frames[k];
            if (f->program && !f->skipped && has_function(b, f))
                return true;
        }
    return false;
}

static bool is_one_size(const group *g)
{
    for (unsigned i = 0; i < g->size_count; i++)
        if ((double)g->sizes[i].gets >= 0.9 * (double)g->all.gets)
            return true;
    return false;
}

// A structure has the alignment of what is in it; text has any size.
static bool is_bytes(const group *g)
{
    for (unsigned i = 0; i < g->size_count; i++)
        if (g->sizes[i].size % 4 != 0 && g->sizes[i].gets * 20 >= g->all.gets)
            return true;
    return false;
}

static bool is_few_sizes(const group *g)
{
    return (double)g->rest.gets < 0.05 * (double)g->all.gets;
}

// How many of its allocations there are for each object; 0: not always as many.
static unsigned parts_of(const group *part, const group *object)
{
    double ratio = (double)part->all.gets / (double)object->all.gets, whole = round(ratio);
    double draw = 3 / sqrt((double)(part->all.recorded < object->all.recorded ? part->all.recorded
                                                                              : object->all.recorded));
    bool sampled = part->all.recorded < part->all.gets || object->all.recorded < object->all.gets;
    return whole >= 1 && whole <= 64 && fabs(ratio - whole) <= (sampled ? 0.02 + draw : 0.02) * whole
               ? (unsigned)whole
               : 0;
}

static void find_parts(groups *g, group *object)
{
    for (size_t i = 0; i < g->count; i++) {
        group *part = &g->all[i];
        if (part == object || part->object != NULL || part->parts != 0 || !is_few_sizes(part) ||
            is_bytes(part) || strcmp(part->site->function, object->site->function) != 0 ||
            !end_together(object, part))
            continue;
        unsigned parts = parts_of(part, object);
        if (parts == 0)
            continue;
        part->object = object;
        object->parts += parts;
        object->object_bytes += (double)part->all.bytes / (double)object->all.gets;
    }
}

// ---- verdicts ----

static void decide(group *g, const char *verdict, bool good, char *why)
{
    g->verdict = verdict;
    g->good = good;
    strncpy(g->why, why, sizeof g->why - 1);
    free(why);
}

static const struct scout_sim *usual_size(const group *g)
{
    const struct scout_sim *usual = &g->sizes[0];
    for (unsigned i = 1; i < g->size_count; i++)
        if (g->sizes[i].gets > usual->gets)
            usual = &g->sizes[i];
    return usual;
}

// What stands in the way. False: nothing does.
static bool is_refused(group *g, double rate, const asked *a)
{
    const struct scout_sim *s = &g->all;
    if (rate < a->least)
        decide(g, "rare", false, text_of("%.1f gets a second", rate));
    else if (g->object != NULL)
        decide(g, "part", false,
               text_of("it is made and freed with what %s allocates itself", g->site->function));
    else if (g->via != NULL || !g->site->program)
        decide(g, "library", false,
               text_of("%s allocates and frees it", g->site->module != NULL
                                                        ? base_name((g->via ? g->via : g->site)->module->path)
                                                        : "a library"));
    else if (s->resized * 10 > s->puts)
        decide(g, "resized", false,
               text_of("realloc changes %.0f%% of them", 100 * (double)s->resized / (double)s->puts));
    else if (s->puts * 2 < s->gets)
        decide(g, "kept", false,
               text_of("%.0f of %.0f are still in use: they are kept, not used again",
                       (double)(s->gets - s->puts), (double)s->gets));
    else
        return false;
    return true;
}

static void judge(group *g, double seconds, const asked *a)
{
    const struct scout_sim *s = &g->all;
    if (is_refused(g, (double)s->gets / seconds, a))
        return;
    bool one = is_one_size(g);
    if ((!one && !is_few_sizes(g)) || is_bytes(g))
        decide(g, "buffer", false,
               text_of("bytes, %.0f to %.0f at a time: memory for an object of a pond to own and keep "
                       "(footprint)",
                       (double)s->smallest, (double)s->largest));
    else if (hit_ratio(s) < 0.9)
        decide(g, "bursts", false, text_of("a pond would serve %.1f%% of the gets", 100 * hit_ratio(s)));
    else if (g->parts > 0)
        decide(g, "create", true,
               text_of("one object and %u allocations of its own, made and freed together: keep it made",
                       g->parts));
    else if (one)
        decide(g, "pond", true, text_of("one size"));
    else
        decide(g, "ponds", true, text_of("%u sizes: a pond for each", g->size_count));
    g->pond_size = one ? usual_size(g)->size : 0;
}

// Text may have had one length all the time.
static void name_type(group *g)
{
    g->type = type_at(g->site, g->pond_size);
    if (g->type != NULL && strcmp(g->type, "char") == 0 && g->parts == 0)
        decide(g, "buffer", false, text_of("text, which had %.0f bytes each time", (double)g->pond_size));
}

static int by_use(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->good != y->good)
        return x->good ? -1 : 1;
    double by = y->saved - x->saved;
    if (by == 0)
        by = (double)y->all.gets - (double)x->all.gets;
    return by < 0 ? -1 : by > 0;
}

void judge_all(groups *g, const process *p, const asked *a)
{
    double clock = clock_ns(), seconds = p->seconds > 0.001 ? p->seconds : 0.001;
    for (size_t i = 0; i < g->count; i++)
        g->all[i].object_bytes = (double)g->all[i].all.bytes / (double)g->all[i].all.gets;
    for (size_t i = 0; i < g->count; i++)
        if (g->all[i].via == NULL && g->all[i].object == NULL && g->all[i].site->program &&
            is_one_size(&g->all[i]))
            find_parts(g, &g->all[i]);
    for (size_t i = 0; i < g->count; i++) {
        group *one = &g->all[i];
        judge(one, seconds, a);
        one->saved += saved_ns(&one->all, clock, seconds);
        if (one->object != NULL) /* found before: groups are not sorted yet */
            g->all[one->object - g->all].saved += saved_ns(&one->all, clock, seconds);
        if (one->good && one->pond_size != 0)
            name_type(one);
    }
    for (size_t i = 0; i < g->count; i++)
        g->all[i].object = NULL; /* they move */
    qsort(g->all, g->count, sizeof *g->all, by_use);
}
