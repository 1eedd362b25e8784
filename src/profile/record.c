/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was sampled. A row for each stack of each pond, and a sample for each object in use; both found by
 * hash, in memory of a fixed size, for a profile must not grow as the leak does that it is to find.
 *
 * Invariants
 *   1. All of it is under one lock, the innermost there is. No lock is held while a stack is walked.
 *   2. An object has one sample at most: its put ends the sample before the object can be got again. It may
 *      have one from a time before sampling was off, when its put was not seen: a new one takes its place.
 *   3. The filter counts the samples at each place (sampling.h). A count that has reached 255 stays: then
 *      puts of such addresses are looked at for nothing.
 *   4. Names are never moved or removed. Nor are rows, but by record_reset, and where their pond is
 *      destroyed: of all ponds of one name that are gone a stack has one row, for there may be any number of
 *      them.
 *   5. A sample is kept, thrown away or halved by a coin that knows nothing of it, and what is left counts
 *      for so much more. So sums of samples are without bias, however many objects there are.
 */
#include "../chance.h"
#include "../os.h"
#include "../walk.h"
#include "profile.h"
#include <errno.h>
#include <string.h>

struct sample {
    uintptr_t key; /* of the object, see key_of; 0: it is spare */
    const struct pond *pond;
    double weight, bytes; /* gets that it stands for, and the bytes of all of them */
    uint64_t at;          /* os_milliseconds of its get */
    uint32_t row, next;   /* in its list; 0: none */
};

#define ROW_LISTS 2048
#define SAMPLE_LISTS 4096
#define NAMES 1024

/* Numbers count from 1; 0 is none. */
struct records {
    uint32_t rows, samples, names; /* ever taken from the arrays */
    uint32_t spare;                /* list of samples that ended */
    uint32_t spare_rows;           /* list of rows that others have taken in */
    uint32_t in_use;               /* samples */
    uint32_t halvings;             /* of 2^halvings objects one is kept, for all of them */
    uint64_t random;
    uint64_t lost;
    uint32_t row_lists[ROW_LISTS], sample_lists[SAMPLE_LISTS];
    struct record_names name[NAMES + 1];
    struct sample sample[RECORD_SAMPLES + 1];
    struct record_row row[RECORD_ROWS + 1];
};

_Static_assert(sizeof(struct records) + sizeof(sampling_filter) <= (size_t)3 << 19, "1.5 MiB are promised");

static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;
static struct records *records; /* NULL: nothing was ever sampled. Then there for good */

bool record_ready(void)
{
    if (records != NULL)
        return true;
    struct records *r = os_map(sizeof(*r));
    if (r == NULL)
        return false;
    pthread_mutex_lock(&record_lock);
    records = r;
    pthread_mutex_unlock(&record_lock);
    return true;
}

/* Whoever searches memory for leaks must not find a pointer to an object here. */
static uintptr_t key_of(const void *obj)
{
    return ~(uintptr_t)obj;
}

static const void *object_of(uintptr_t key)
{
    return (const void *)~key; /* NOLINT(performance-no-int-to-ptr) */
}

/* ---- names ---- */

static void name_copy(char *to, size_t n, const char *from)
{
    (void)memset(to, 0, n);
    (void)memcpy(to, from, strnlen(from, n - 1));
}

/* 0: there is no room. A server has few; the last one is usually the one before. */
static uint32_t names_of(const struct pond *p)
{
    static uint32_t last;
    const char *type = p->options.type != NULL && p->options.type->name != NULL ? p->options.type->name : "";
    struct record_names names = {.pond = ""};
    name_copy(names.pond, sizeof names.pond, p->name);
    name_copy(names.type, sizeof names.type, type);
    if (last != 0 && memcmp(&records->name[last], &names, sizeof names) == 0)
        return last;
    for (last = 1; last <= records->names; last++)
        if (memcmp(&records->name[last], &names, sizeof names) == 0)
            return last;
    if (records->names == NAMES)
        return last = 0;
    records->name[++records->names] = names;
    return last = records->names;
}

const struct record_names *record_names(uint32_t number)
{
    return &records->name[number];
}

/* ---- rows ---- */

static uint64_t row_hash(uint32_t names, const void *const *pcs, uint32_t count)
{
    uint64_t hash = names;
    for (uint32_t i = 0; i < count; i++) {
        hash = (hash ^ (uintptr_t)pcs[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

static bool row_has_stack(const struct record_row *r, const struct record_row *of)
{
    return r->hash == of->hash && r->names == of->names && r->count == of->count &&
           memcmp(r->pcs, of->pcs, of->count * sizeof *of->pcs) == 0;
}

/* 0: there is no room. */
static uint32_t row_take(void)
{
    uint32_t taken = records->spare_rows;
    if (taken != 0)
        records->spare_rows = records->row[taken].next;
    else if (records->rows < RECORD_ROWS)
        taken = ++records->rows;
    return taken;
}

/* 0: there is no room. */
static uint32_t row_of(const struct pond *p, const void *const *pcs, uint32_t count)
{
    struct record_row wanted = {.names = (uint16_t)names_of(p), .count = (uint16_t)count, .pond = p->number};
    memcpy(wanted.pcs, pcs, count * sizeof *pcs);
    wanted.hash = row_hash(wanted.names, pcs, count);
    uint32_t *list = &records->row_lists[wanted.hash % ROW_LISTS];
    for (uint32_t i = *list; i != 0; i = records->row[i].next)
        if (records->row[i].pond == wanted.pond && row_has_stack(&records->row[i], &wanted))
            return i;
    uint32_t taken = wanted.names != 0 ? row_take() : 0;
    if (taken == 0)
        return 0;
    wanted.next = *list;
    records->row[taken] = wanted;
    return *list = taken;
}

/* The row that others of its stack are added to when their ponds go; NULL: this is the first. */
static struct record_row *row_of_gone(const struct record_row *r)
{
    for (uint32_t i = records->row_lists[r->hash % ROW_LISTS]; i != 0; i = records->row[i].next)
        if (records->row[i].gone && row_has_stack(&records->row[i], r))
            return &records->row[i];
    return NULL;
}

static void row_add(struct record_row *to, const struct record_row *r)
{
    to->samples += r->samples;
    to->alloc_objects += r->alloc_objects;
    to->alloc_bytes += r->alloc_bytes;
    for (size_t i = 0; i < POND_PROFILE_LIVES; i++) {
        to->lives[i].seconds += r->lives[i].seconds;
        to->lives[i].ended += r->lives[i].ended;
    }
}

/* No sample is of this row any more. */
static void row_retire(uint32_t number)
{
    struct record_row *r = &records->row[number], *gone = row_of_gone(r);
    uint32_t *at = &records->row_lists[r->hash % ROW_LISTS];
    if (gone == NULL) {
        r->gone = true;
        return;
    }
    row_add(gone, r);
    while (*at != number)
        at = &records->row[*at].next;
    *at = r->next;
    *r = (struct record_row){.next = records->spare_rows};
    records->spare_rows = number;
}

static void rows_retire(const struct pond *p)
{
    for (uint32_t i = 1; i <= records->rows; i++)
        if (records->row[i].count > 0 && records->row[i].pond == p->number)
            row_retire(i);
}

static void row_add_life(struct record_row *r, uint64_t milliseconds)
{
    enum { SHORTEST = 8 }; /* 2^8 milliseconds */
    if (milliseconds >> SHORTEST == 0)
        return;
    int span = 63 - __builtin_clzll(milliseconds) - SHORTEST;
    pond_profile_life *life = &r->lives[MIN(span, POND_PROFILE_LIVES - 1)];
    life->seconds += (double)milliseconds / 1000;
    life->ended++;
}

/* ---- coins ---- */

#define MOST_COINS 32

/* So many are thrown. */
static bool coins_are_heads(uint32_t coins)
{
    records->random += CHANCE_STEP;
    return chance_stir(records->random) >> (64 - MOST_COINS) >> (MOST_COINS - coins) == 0;
}

/* x * 2^n */
static double ldexp_of(double x, uint32_t n)
{
    return x * (double)(UINT64_C(1) << n);
}

/* ---- samples ---- */

/* Milliseconds. Who asks may have looked at the clock before who answers. */
static uint64_t age_at(uint64_t then, uint64_t now)
{
    return now - MIN(now, then);
}

static void filter_count(const void *obj, int by)
{
    unsigned char *place = &sampling_filter[sampling_place(obj)];
    if (*place < UINT8_MAX)
        STORE(*place, (unsigned char)(*place + by));
}

static uint32_t *list_of(const void *obj)
{
    return &records->sample_lists[sampling_place(obj) % SAMPLE_LISTS];
}

static void sample_end(uint32_t *at)
{
    uint32_t ended = *at;
    struct sample *s = &records->sample[ended];
    *at = s->next;
    filter_count(object_of(s->key), -1);
    *s = (struct sample){.next = records->spare};
    records->spare = ended;
    records->in_use--;
}

/* put: that is seen. Else it was not, and how long the object lived nobody knows. */
static void end_sample_of(const void *obj, bool put)
{
    uint32_t *at = list_of(obj);
    while (*at != 0 && records->sample[*at].key != key_of(obj))
        at = &records->sample[*at].next;
    if (*at == 0)
        return;
    const struct sample *s = &records->sample[*at];
    if (put)
        row_add_life(&records->row[s->row], age_at(s->at, os_milliseconds()));
    sample_end(at);
}

static void samples_keep(uint32_t row, const struct sample *got, const void *obj)
{
    uint32_t taken = records->spare, *list = list_of(obj);
    if (taken != 0)
        records->spare = records->sample[taken].next;
    else
        taken = ++records->samples;
    struct sample *s = &records->sample[taken];
    *s = *got;
    s->weight = ldexp_of(got->weight, records->halvings);
    s->bytes = ldexp_of(got->bytes, records->halvings);
    s->row = row;
    s->next = *list;
    *list = taken;
    records->in_use++;
    filter_count(obj, 1);
}

/* Each second one goes, and those that stay count for two. */
static void samples_halve(void)
{
    for (uint32_t i = 0; i < SAMPLE_LISTS; i++)
        for (uint32_t *at = &records->sample_lists[i]; *at != 0;) {
            struct sample *s = &records->sample[*at];
            if (!coins_are_heads(1)) {
                sample_end(at);
                continue;
            }
            s->weight *= 2;
            s->bytes *= 2;
            at = &s->next;
        }
    records->halvings++;
}

/* A leak of small objects would fill all room, and leave none for what else is got. */
static void sample_add(uint32_t row, const struct sample *got, const void *obj)
{
    if (records->in_use < RECORD_SAMPLES / 4 && records->halvings > 0)
        records->halvings--;
    if (!coins_are_heads(records->halvings))
        return;
    bool full = records->in_use == RECORD_SAMPLES;
    if (full)
        samples_halve();
    if (!full || (records->in_use < RECORD_SAMPLES && coins_are_heads(1)))
        samples_keep(row, got, obj);
}

static void record_add(const struct sample *got, const void *obj, const void *const *pcs, uint32_t count)
{
    uint32_t row = row_of(got->pond, pcs, count);
    records->lost += row == 0;
    if (row == 0)
        return;
    struct record_row *r = &records->row[row];
    r->samples++;
    r->alloc_objects += got->weight;
    r->alloc_bytes += got->bytes;
    sample_add(row, got, obj);
}

void sample_got(struct pond *p, void *obj, double weight, const void *caller)
{
    int saved = errno_now();
    const void *pcs[RECORD_FRAMES];
    (void)frame_owner(pcs); /* so that it is known how far the stack reaches, and the walk can be recalled */
    uint32_t count = walk_stack(caller, pcs, RECORD_FRAMES);
    struct sample got = {.key = key_of(obj), .pond = p, .weight = weight, .at = os_milliseconds()};
    got.bytes = weight * (double)(p->object_bytes + LOAD(p->footprint_mean));
    pthread_mutex_lock(&record_lock);
    if (sampling_of(p) != NULL) { /* else it went off meanwhile, and its put may not be seen */
        end_sample_of(obj, false);
        record_add(&got, obj, pcs, count);
    }
    pthread_mutex_unlock(&record_lock);
    errno_be(saved);
}

void sample_ended(const void *obj)
{
    pthread_mutex_lock(&record_lock);
    if (records != NULL)
        end_sample_of(obj, true);
    pthread_mutex_unlock(&record_lock);
}

static void samples_forget(const struct pond *p)
{
    for (uint32_t i = 0; i < SAMPLE_LISTS; i++)
        for (uint32_t *at = &records->sample_lists[i]; *at != 0;)
            if (p == NULL || records->sample[*at].pond == p)
                sample_end(at);
            else
                at = &records->sample[*at].next;
}

/* Its objects have ended, all of them were put. */
void sample_gone(struct pond *p)
{
    if (p->sampling_memory == NULL)
        return;
    pthread_mutex_lock(&record_lock);
    if (records != NULL) {
        samples_forget(p);
        rows_retire(p);
    }
    pthread_mutex_unlock(&record_lock);
}

/* ---- all of them ---- */

void record_forget(void)
{
    pthread_mutex_lock(&record_lock);
    if (records != NULL)
        samples_forget(NULL);
    pthread_mutex_unlock(&record_lock);
}

static void record_clear(void)
{
    if (records == NULL)
        return;
    samples_forget(NULL);
    (void)memset(records->row_lists, 0, sizeof records->row_lists);
    records->rows = records->spare_rows = records->halvings = 0;
    records->lost = 0;
}

void record_reset(void)
{
    pthread_mutex_lock(&record_lock);
    record_clear();
    pthread_mutex_unlock(&record_lock);
}

/* Room for the ages of each row, one behind the other. */
static void copy_counts(struct record_copy *to)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i <= records->samples; i++)
        if (records->sample[i].key != 0)
            to->use[records->sample[i].row - 1].count++;
    for (size_t i = 0; i < to->rows; i++) {
        to->use[i].first = first;
        first += to->use[i].count;
        to->use[i].count = 0;
    }
}

static void copy_use(struct record_copy *to)
{
    uint64_t now = os_milliseconds();
    for (uint32_t i = 1; i <= records->samples; i++) {
        const struct sample *s = &records->sample[i];
        if (s->key == 0)
            continue;
        struct record_use *use = &to->use[s->row - 1];
        use->objects += s->weight;
        use->bytes += s->bytes;
        to->weights[use->first + use->count] = s->weight;
        to->ages[use->first + use->count++] = (double)age_at(s->at, now) / 1000;
    }
}

void record_copy(struct record_copy *to)
{
    pthread_mutex_lock(&record_lock);
    if (records != NULL) {
        to->rows = records->rows;
        memcpy(to->row, &records->row[1], to->rows * sizeof to->row[0]);
        copy_counts(to);
        copy_use(to);
    }
    pthread_mutex_unlock(&record_lock);
}

void record_lose(uint64_t samples)
{
    pthread_mutex_lock(&record_lock);
    records->lost += samples;
    pthread_mutex_unlock(&record_lock);
}

uint64_t record_lost(void)
{
    pthread_mutex_lock(&record_lock);
    uint64_t lost = records != NULL ? records->lost : 0;
    pthread_mutex_unlock(&record_lock);
    return lost;
}

/* ---- forks ---- */

void sample_fork_prepare(void)
{
    pthread_mutex_lock(&record_lock);
}

/* The child begins with an empty profile: what its parent's other threads got nobody puts here. */
void sample_fork_done(bool child)
{
    if (child) {
        record_clear();
        rate_forked();
    }
    pthread_mutex_unlock(&record_lock);
}
