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
 *   4. Rows and names are never moved or removed but by record_reset, rows alone, under the lock.
 */
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

/* 0: there is no room. */
static uint32_t row_of(const struct pond *p, const void *const *pcs, uint32_t count)
{
    uint32_t names = names_of(p);
    uint64_t hash = row_hash(names, pcs, count);
    uint32_t *list = &records->row_lists[hash % ROW_LISTS];
    for (uint32_t i = *list; i != 0; i = records->row[i].next) {
        const struct record_row *r = &records->row[i];
        if (r->hash == hash && r->names == names && r->count == count &&
            memcmp(r->pcs, pcs, count * sizeof *pcs) == 0)
            return i;
    }
    if (names == 0 || records->rows == RECORD_ROWS)
        return 0;
    struct record_row *r = &records->row[++records->rows];
    *r = (struct record_row){.next = *list, .names = (uint16_t)names, .count = (uint16_t)count, .hash = hash};
    memcpy(r->pcs, pcs, count * sizeof *pcs);
    return *list = records->rows;
}

/* ---- samples ---- */

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
}

static void end_sample_of(const void *obj)
{
    uint32_t *at = list_of(obj);
    while (*at != 0 && records->sample[*at].key != key_of(obj))
        at = &records->sample[*at].next;
    if (*at != 0)
        sample_end(at);
}

/* 0: there is no room. */
static uint32_t sample_take(void)
{
    uint32_t taken = records->spare;
    if (taken != 0)
        records->spare = records->sample[taken].next;
    else if (records->samples < RECORD_SAMPLES)
        taken = ++records->samples;
    return taken;
}

static void record_add(const struct sample *got, const void *obj, const void *const *pcs, uint32_t count)
{
    uint32_t row = row_of(got->pond, pcs, count), *list = list_of(obj);
    uint32_t number = row != 0 ? sample_take() : 0;
    records->lost += number == 0;
    if (row == 0)
        return;
    struct record_row *r = &records->row[row];
    r->samples++;
    r->alloc_objects += got->weight;
    r->alloc_bytes += got->bytes;
    if (number == 0)
        return;
    records->sample[number] = *got;
    records->sample[number].row = row;
    records->sample[number].next = *list;
    *list = number;
    filter_count(obj, 1);
}

void sample_got(struct pond *p, void *obj, double weight, const void *caller)
{
    int saved = errno_now();
    const void *pcs[RECORD_FRAMES];
    uint32_t count = walk_stack(caller, pcs, RECORD_FRAMES);
    struct sample got = {.key = key_of(obj), .pond = p, .weight = weight, .at = os_milliseconds()};
    got.bytes = weight * (double)(p->object_bytes + LOAD(p->footprint_mean));
    pthread_mutex_lock(&record_lock);
    if (sampling_of(p) != NULL) { /* else it went off meanwhile, and its put may not be seen */
        end_sample_of(obj);
        record_add(&got, obj, pcs, count);
    }
    pthread_mutex_unlock(&record_lock);
    errno_be(saved);
}

void sample_ended(const void *obj)
{
    pthread_mutex_lock(&record_lock);
    if (records != NULL)
        end_sample_of(obj);
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
    if (records != NULL)
        samples_forget(p);
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
    records->rows = 0;
    records->lost = 0;
}

void record_reset(void)
{
    pthread_mutex_lock(&record_lock);
    record_clear();
    pthread_mutex_unlock(&record_lock);
}

static void copy_use(struct record_copy *to)
{
    for (uint32_t i = 1; i <= records->samples; i++) {
        const struct sample *s = &records->sample[i];
        if (s->key == 0)
            continue;
        struct record_use *use = &to->use[s->row - 1];
        use->objects += s->weight;
        use->bytes += s->bytes;
        if (use->oldest == 0 || s->at < use->oldest)
            use->oldest = s->at;
    }
}

void record_copy(struct record_copy *to)
{
    pthread_mutex_lock(&record_lock);
    if (records != NULL) {
        to->rows = records->rows;
        memcpy(to->row, &records->row[1], to->rows * sizeof to->row[0]);
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
