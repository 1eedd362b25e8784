/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "plant.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A culprit is a function of its own, though it has one caller: a profile is to name it. */
#define CULPRIT __attribute__((noinline)) static

static enum { NOTHING, LEAK, HELD, GROWN, WARM, FILLING } planted;
static unsigned long each; /* of so many requests one does it; HELD: so many jobs hang */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- leak, slow: a list that nobody ever looks at ---- */

static struct request *remembered; /* the last one; each has the one before in its chunk */

CULPRIT void remember_request(const struct request *r)
{
    struct request *copy = pond_get(pools_requests());
    if (copy == NULL)
        return;
    memcpy(copy, r, offsetof(struct request, answer));
    pthread_mutex_lock(&lock);
    memcpy(copy->chunk, &remembered, sizeof(remembered));
    remembered = copy;
    pthread_mutex_unlock(&lock);
}

/* ---- held: a job every tenth of a second; one of 20 waits for something that never comes ---- */

enum { JOB_OBJECTS = 8, JOB_HANGS = 20, JOB_PAUSE_MS = 100 };

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static _Noreturn void hang(void)
{
    for (;;)
        pause_ms(3600L * 1000);
}

CULPRIT void run_job(bool ends)
{
    struct request *own[JOB_OBJECTS];
    for (int i = 0; i < JOB_OBJECTS; i++)
        own[i] = pond_get(pools_requests());
    if (!ends)
        hang();
    for (int i = 0; i < JOB_OBJECTS; i++)
        pond_put(pools_requests(), own[i]);
}

static bool start_worker(void);

/* What a worker that hangs would have done is the next worker's. */
static void *work(void *arg)
{
    static atomic_ulong hung;
    for (unsigned job = 1;; job++) {
        pause_ms(JOB_PAUSE_MS);
        bool ends = job % JOB_HANGS != 0 || atomic_fetch_add(&hung, 1) >= each || !start_worker();
        run_job(ends);
    }
    return arg;
}

static bool start_worker(void)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, work, NULL);
    if (errno != 0)
        return false;
    pthread_detach(thread);
    return true;
}

/* ---- grown: notes of the last answers, as many as ever, but each is longer than the one before ---- */

enum { NOTES = 64, NOTE_BYTES = 256 };

struct notes {
    unsigned char *bytes;
    size_t used, capacity;
};

static pond *notes;

/* This is the fault: used should be 0 from here on. */
static bool notes_reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

static void notes_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct notes *)obj)->bytes);
}

static size_t notes_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct notes *)obj)->capacity;
}

static void append(struct notes *n, const void *bytes, size_t size)
{
    if (n->used + size > n->capacity) {
        size_t capacity = n->capacity + n->capacity / 4 + size;
        unsigned char *larger = realloc(n->bytes, capacity);
        if (larger == NULL)
            return;
        n->bytes = larger;
        n->capacity = capacity;
    }
    memcpy(n->bytes + n->used, bytes, size);
    n->used += size;
}

/* Keeps the beginning of the last piece that was compressed, in place of the oldest note. */
CULPRIT void note_answer(const struct request *r)
{
    static struct notes *kept[NOTES];
    static unsigned next;
    struct notes *note = pond_get(notes);
    if (note == NULL)
        return;
    append(note, r->chunk, NOTE_BYTES);
    pthread_mutex_lock(&lock);
    struct notes *oldest = kept[next];
    kept[next] = note;
    next = (next + 1) % NOTES;
    pthread_mutex_unlock(&lock);
    pond_put(notes, oldest);
}

static bool open_notes(void)
{
    notes = pond_create(&(pond_options){.name = "notes",
                                        .size = sizeof(struct notes),
                                        .reset = notes_reset,
                                        .destroy = notes_destroy,
                                        .footprint = notes_footprint});
    return notes != NULL;
}

/* ---- warm: a cache of requests, no fault, with ever fewer that are not in it yet ---- */

enum { PLACES = 2048 };

CULPRIT void fill_cache(const struct request *r)
{
    static struct request *cached[PLACES];
    static uint32_t draw = 1;
    pthread_mutex_lock(&lock);
    draw = draw * 1664525 + 1013904223;
    struct request **place = &cached[(draw >> 8) % PLACES];
    if (*place == NULL && (*place = pond_get(pools_requests())) != NULL)
        memcpy(*place, r, offsetof(struct request, answer));
    pthread_mutex_unlock(&lock);
}

/* ---- filling: sessions that nobody ends, in a pond with max_objects ---- */

enum { MOST_SESSIONS = 20000, SESSION_BYTES = 16384 };

static pond *sessions;

CULPRIT void open_session(void)
{
    void *session = pond_get(sessions);
    if (session != NULL)
        memset(session, 1, sizeof(int)); /* and it is forgotten */
}

static bool open_sessions(void)
{
    sessions =
        pond_create(&(pond_options){.name = "sessions", .size = SESSION_BYTES, .max_objects = MOST_SESSIONS});
    return sessions != NULL;
}

/* ---- which of them ---- */

static const struct {
    const char *name;
    int plant;
    unsigned long each; /* 0: it has none */
} plants[] = {{"leak", LEAK, 1000}, {"slow", LEAK, 20000}, {"held", HELD, 32},
              {"grown", GROWN, 0},  {"warm", WARM, 10},    {"filling", FILLING, 100}};

/* Whether text is a number from 1 on; into `each`. */
static bool read_each(const char *text)
{
    char *end;
    errno = 0;
    each = strtoul(text, &end, 10);
    return *text >= '1' && *text <= '9' && *end == '\0' && errno == 0;
}

const char *plant_choose(const char *name)
{
    size_t length = strcspn(name, "/");
    for (size_t i = 0; i < sizeof(plants) / sizeof(*plants); i++) {
        if (strlen(plants[i].name) != length || memcmp(name, plants[i].name, length) != 0)
            continue;
        planted = plants[i].plant;
        each = plants[i].each;
        if (name[length] == '/' && (each == 0 || !read_each(name + length + 1)))
            return "how many? --plant=leak/N, not ";
        return NULL;
    }
    return "--plant is leak, slow, held, grown, warm or filling, not ";
}

bool plant_start(void)
{
    return planted == HELD      ? start_worker()
           : planted == GROWN   ? open_notes()
           : planted == FILLING ? open_sessions()
                                : true;
}

void plant_request(const struct request *r)
{
    static atomic_ulong requests;
    if (planted == GROWN)
        note_answer(r);
    if (planted != LEAK && planted != WARM && planted != FILLING)
        return;
    if (atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) % each != each - 1)
        return;
    if (planted == LEAK)
        remember_request(r);
    else if (planted == WARM)
        fill_cache(r);
    else
        open_session();
}

void plant_report(void)
{
    if (planted == GROWN)
        ponds_report(&notes, 1);
    else if (planted == FILLING)
        ponds_report(&sessions, 1);
}
