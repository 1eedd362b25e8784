/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A traced tick has an account: figures of each pond, read in its turn, with the pond closed, so that they
 * are of one instant. When the tick's work is done the lines are made of it, with what only then is known
 * (what was dropped, what is resident), one pond after the other; it is pinned and not locked meanwhile.
 *
 *   1. What came "since the line before" is counted from the pond's `traced`, which a turn reads and moves on
 *      under the pond's lock: each get, object and drop is in exactly one line, however many threads tick.
 *   2. The account belongs to its tick alone. It is taken and given back by an exchange; those of a tick that
 *      a hook leaves by longjmp, and in a forked child those of other threads, are lost: a page or two each.
 *   3. The lock here is the last of all: under it nothing is called but memcpy, and memory is mapped.
 */
#include "trace.h"
#include "../watch.h"
#include "profile.h"
#include <errno.h>
#include <poll.h>
#include <pond/profile.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a pond's line says. */
struct trace_figures {
    uint64_t pond; /* its number: it may be gone when the line is to be written. 0: it is written */
    uint64_t epoch;
    uint64_t live, local, shared, victim;          /* before the turn */
    uint64_t local_left, shared_left, victim_left; /* after it */
    uint64_t gets, misses, made, dropped;          /* since the line before */
    uint64_t live_bytes, idle_bytes;               /* before the turn */
    uint64_t closed;                               /* microseconds */
};

struct trace_tick {
    size_t room;        /* most figures */
    size_t count;       /* of them */
    size_t next;        /* whose line comes next, if the ponds are in the order that they were in */
    struct pond *alone; /* the only one, pinned by who ticks it; NULL: all of the registry */
    uint64_t began;     /* microseconds, as what follows */
    uint64_t closing;   /* of the ponds that are turned now */
    uint64_t ended;
    uint64_t patience; /* milliseconds: when no line waits for the reader any more; 0: none has waited */
    struct trace_figures figures[];
};

bool trace_is_on;

static struct {
    pthread_mutex_t lock;
    void (*say)(const char *line, void *ctx); /* under the lock */
    void *ctx;
    char (*kept)[TRACE_LINE_BYTES]; /* a ring; NULL: the trace was never on, or there is no memory */
    size_t kept_count;              /* lines that ever were */
    bool torn;                      /* stderr has only the beginning of a line */

    uint64_t clock;           /* microseconds, when the first pond was made */
    uint64_t unwritten;       /* lines that went nowhere */
    struct trace_tick *spare; /* an account for the next tick */
} trace = {.lock = PTHREAD_MUTEX_INITIALIZER};

void trace_clock_starts(void)
{
    if (LOAD(trace.clock) == 0)
        STORE(trace.clock, os_microseconds());
}

void trace_freeze(void)
{
    pthread_mutex_lock(&trace.lock);
}

void trace_thaw(void)
{
    pthread_mutex_unlock(&trace.lock);
}

void trace_on(bool on)
{
    int saved = errno;
    pthread_mutex_lock(&trace.lock);
    if (on && trace.kept == NULL)
        trace.kept = os_map(sizeof(*trace.kept) * TRACE_KEPT);
    STORE(trace_is_on, on);
    pthread_mutex_unlock(&trace.lock);
    errno = saved;
}

void pond_on_trace(void (*line)(const char *text, void *ctx), void *ctx)
{
    if (!registry_enter(NULL, "pond_on_trace", CALLER))
        return;
    pthread_mutex_lock(&trace.lock);
    trace.say = line;
    trace.ctx = ctx;
    pthread_mutex_unlock(&trace.lock);
    entry_end();
}

/* ---- where lines go ---- */

/* Under the lock. */
static void keep_line(const char *line, size_t length)
{
    if (trace.kept == NULL)
        return;
    char *kept = trace.kept[trace.kept_count++ % TRACE_KEPT];
    memcpy(kept, line, length);
    kept[length] = '\0';
}

size_t trace_last(char *text, size_t room)
{
    size_t used = 0;
    pthread_mutex_lock(&trace.lock);
    size_t first = trace.kept_count, end = first, oldest = end - MIN(end, (size_t)TRACE_KEPT);
    while (first > oldest && used + strlen(trace.kept[(first - 1) % TRACE_KEPT]) + 1 < room)
        used += strlen(trace.kept[--first % TRACE_KEPT]) + 1;
    for (char *at = text; first < end; first++) {
        at = stpcpy(at, trace.kept[first % TRACE_KEPT]);
        *at++ = '\n';
    }
    pthread_mutex_unlock(&trace.lock);
    if (room > 0)
        text[used] = '\0';
    return used;
}

#define TRACE_PATIENCE 1000 /* milliseconds that all lines of a tick wait for the reader of stderr */

/* stderr takes as much as a line, or nobody knows; false: not before the patience ends, which the first wait
 * sets. A pipe that blocks would else keep the tick for as long as its reader wants. */
static bool may_write(uint64_t *patience)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready = poll(&out, 1, 0);
    while (ready == 0 || (ready < 0 && errno == EINTR)) {
        uint64_t now = os_milliseconds();
        if (*patience == 0)
            *patience = now + TRACE_PATIENCE;
        if (now >= *patience)
            return false;
        ready = poll(&out, 1, (int)(*patience - now));
    }
    return true;
}

/* Its bytes that were written. One write, but for a socket or a disk that takes a part. */
static size_t write_bytes(const char *bytes, size_t length, uint64_t *patience)
{
    size_t at = 0;
    while (at < length && may_write(patience)) {
        ssize_t n = write(STDERR_FILENO, bytes + at, length - at);
        if (n > 0)
            at += (size_t)n;
        else if (n == 0 || (errno != EINTR && errno != EAGAIN))
            break;
    }
    return at;
}

/* line[-1] and line[length] are there to be written to: the newline that a torn line lacks, and its own. */
static void write_line(char *line, size_t length, uint64_t *patience)
{
    bool torn = __atomic_exchange_n(&trace.torn, false, __ATOMIC_RELAXED);
    line[-1] = line[length] = '\n';
    size_t skip = torn ? 0 : 1, all = length + 2 - skip;
    size_t done = write_bytes(line - 1 + skip, all, patience);
    if (done == all)
        return;
    ADD(trace.unwritten, 1);
    if (done > 0 || torn)
        STORE(trace.torn, true);
}

/*
 * line is as write_line wants it. The program's function is called under no lock; where this is a tick's line
 * the pond is pinned, so that ticks made by the function are known for what they are, and refused.
 */
static void say_line(char *line, size_t length, uint64_t *patience)
{
    pthread_mutex_lock(&trace.lock);
    keep_line(line, length);
    void (*say)(const char *, void *) = trace.say;
    void *ctx = trace.ctx;
    pthread_mutex_unlock(&trace.lock);
    if (say == NULL) {
        write_line(line, length, patience);
        return;
    }
    line[length] = '\0';
    uint32_t entry = entry_pause();
    say(line, ctx);
    entry_resume(entry);
}

/* ---- text ---- */

struct trace_text {
    size_t length;                    /* of the line */
    char bytes[1 + TRACE_LINE_BYTES]; /* the first is write_line's */
};

#define LINE_OF(text) ((text)->bytes + 1)

static void trace_add(struct trace_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void trace_add_list(struct trace_text *t, const char *format, va_list args)
{
    size_t room = TRACE_LINE_BYTES - 1 - t->length; /* one is for the newline */
    int n = vsnprintf(LINE_OF(t) + t->length, room, format, args);
    if (n > 0)
        t->length += MIN((size_t)n, room - 1);
}

static void trace_add(struct trace_text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trace_add_list(t, format, args);
    va_end(args);
}

/* Seconds since the first pond was made. Not by %f: some languages write a comma there. */
static void add_at(struct trace_text *t, uint64_t microseconds)
{
    uint64_t at = microseconds - MIN(microseconds, LOAD(trace.clock));
    trace_add(t, "at=%llu.%06llu", (unsigned long long)(at / 1000000), (unsigned long long)(at % 1000000));
}

/* As in an address of the web: what could be taken for the end of the value, or upset a terminal, is %XX. */
void trace_name(struct trace_name *to, const char *name)
{
    static const char quoted[] = "%=\"'\\";
    size_t at = 0;
    for (to->text[0] = '\0'; *name != '\0' && at + 3 < sizeof(to->text); name++) {
        bool plain = *name > ' ' && *name < 127 && strchr(quoted, *name) == NULL;
        at += (size_t)snprintf(to->text + at, 4, plain ? "%c" : "%%%02X", (unsigned char)*name);
    }
}

static void add_figure(struct trace_text *t, const char *key, uint64_t value)
{
    trace_add(t, " %s=%llu", key, (unsigned long long)value);
}

static void add_three(struct trace_text *t, const char *key, uint64_t local, uint64_t shared, uint64_t victim)
{
    trace_add(t, " %s=%llu/%llu/%llu", key, (unsigned long long)local, (unsigned long long)shared,
              (unsigned long long)victim);
}

void trace_line(const char *kind, const char *format, ...)
{
    struct trace_text t = {.length = 0};
    uint64_t patience = 0;
    va_list args;
    if (!LOAD(trace_is_on))
        return;
    int saved = errno_now(), cancel = os_hold_cancel();
    trace_add(&t, "pond: %s ", kind);
    add_at(&t, os_microseconds());
    trace_add(&t, " ");
    va_start(args, format);
    trace_add_list(&t, format, args);
    va_end(args);
    say_line(LINE_OF(&t), t.length, &patience);
    os_allow_cancel(cancel);
    errno_be(saved);
}

/* ---- a tick's account ---- */

static struct trace_tick *map_account(size_t ponds)
{
    size_t page = os_page_size();
    size_t bytes = sizeof(struct trace_tick) + ponds * sizeof(struct trace_figures);
    bytes = (bytes + page - 1) & ~(page - 1);
    struct trace_tick *t = os_map(bytes);
    if (t != NULL)
        t->room = (bytes - sizeof(*t)) / sizeof(struct trace_figures);
    return t;
}

static void unmap_account(struct trace_tick *t)
{
    size_t page = os_page_size(), bytes = sizeof(*t) + t->room * sizeof(struct trace_figures);
    os_unmap(t, (bytes + page - 1) & ~(page - 1));
}

static struct trace_tick *take_account(size_t ponds)
{
    struct trace_tick *t = __atomic_exchange_n(&trace.spare, NULL, __ATOMIC_ACQUIRE); /* give_account's */
    if (t != NULL && t->room >= ponds)
        return t;
    if (t != NULL)
        unmap_account(t);
    return map_account(ponds);
}

static void give_account(struct trace_tick *t)
{
    t = __atomic_exchange_n(&trace.spare, t, __ATOMIC_ACQ_REL); /* take_account's */
    if (t != NULL)
        unmap_account(t);
}

struct trace_tick *trace_begin(struct pond *first, bool alone)
{
    int saved = errno;
    size_t ponds = 0;
    for (const struct pond *p = first; p != NULL; p = alone ? NULL : p->links[BY_TURN].next)
        ponds++;
    struct trace_tick *t = take_account(ponds);
    if (t == NULL) {
        ADD(trace.unwritten, ponds);
        errno = saved;
        return NULL;
    }
    t->count = t->next = 0;
    t->alone = alone ? first : NULL;
    t->patience = 0;
    t->began = os_microseconds();
    return t;
}

/* What was counted since *mark, which moves on. In a forked child a count may have gone back. */
static uint64_t since(uint64_t *mark, uint64_t now)
{
    uint64_t before = *mark;
    *mark = now;
    return now - MIN(now, before);
}

static uint64_t all_dropped(const pond_stats *s)
{
    uint64_t all = 0;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        all += s->dropped[why];
    return all;
}

void trace_turning(struct trace_tick *t, struct pond *p)
{
    pond_stats s;
    stats_look(p, &s);
    POND_ASSERT(t->count < t->room);
    t->figures[t->count] = (struct trace_figures){
        .pond = p->number,
        .live = s.live,
        .local = s.idle_local,
        .shared = s.idle_shared,
        .victim = s.idle_victim,
        .gets = since(&p->traced.gets, s.gets),
        .misses = since(&p->traced.misses, s.misses),
        .made = since(&p->traced.made, s.constructed),
        .dropped = since(&p->traced.dropped, all_dropped(&s)),
        .live_bytes = s.live_bytes,
        .idle_bytes = s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes,
    };
}

void trace_turned(struct trace_tick *t, const struct pond *p)
{
    struct trace_figures *f = &t->figures[t->count++];
    pond_stats s;
    stats_look(p, &s);
    f->epoch = s.epoch;
    f->local_left = s.idle_local;
    f->shared_left = s.idle_shared;
    f->victim_left = s.idle_victim;
}

void trace_closing(struct trace_tick *t)
{
    t->closing = os_microseconds();
}

void trace_opened(struct trace_tick *t)
{
    t->figures[t->count - 1].closed = os_microseconds() - t->closing;
}

/* ---- a tick's lines ---- */

/*
 * Those of a pond, or NULL: it was not there in the turn, or has its line. Most often they are the next; but
 * meanwhile other ticks may put a pond at the end of the list, where it is met again.
 */
static struct trace_figures *figures_of(struct trace_tick *t, const struct pond *p)
{
    for (size_t i = 0; i < t->count; i++) {
        size_t at = (t->next + i) % t->count;
        if (t->figures[at].pond == p->number) {
            t->next = at + 1;
            return &t->figures[at];
        }
    }
    return NULL;
}

/* What is known at the end: in the order of the keys. */
struct trace_ends {
    uint64_t slab, resident, expired;
};

static struct trace_ends look_at_end(struct pond *p)
{
    pthread_mutex_lock(&p->lock);
    struct trace_ends e = {.slab = p->slabs.bytes,
                           .resident = p->slabs.resident * os_page_size(),
                           .expired = since(&p->traced.expired, LOAD(p->dropped[POND_DROP_EPOCH]))};
    pthread_mutex_unlock(&p->lock);
    return e;
}

static void add_counts(struct trace_text *text, const struct trace_figures *f)
{
    add_figure(text, "live", f->live);
    add_three(text, "idle", f->local, f->shared, f->victim);
    add_three(text, "after", f->local_left, f->shared_left, f->victim_left);
    add_figure(text, "gets", f->gets);
    add_figure(text, "miss", f->misses);
    add_figure(text, "made", f->made);
    add_figure(text, "dropped", f->dropped);
}

/* A key that is there stays where it is; a new one comes last. <pond/profile.h> says what each is. */
static void say_tick(struct trace_tick *t, const struct trace_figures *f, struct pond *p)
{
    struct trace_text text = {.length = 0};
    struct trace_ends e = look_at_end(p);
    struct trace_name name;
    trace_add(&text, "pond: tick epoch=%llu ", (unsigned long long)f->epoch);
    add_at(&text, t->began);
    add_figure(&text, "took_us", t->ended - t->began);
    trace_name(&name, p->name);
    trace_add(&text, " pond=%s", name.text);
    add_counts(&text, f);
    add_figure(&text, "slab", e.slab);
    add_figure(&text, "resident", e.resident);
    add_figure(&text, "id", f->pond);
    add_figure(&text, "closed_us", f->closed);
    add_figure(&text, "expired", e.expired);
    add_figure(&text, "live_bytes", f->live_bytes);
    add_figure(&text, "idle_bytes", f->idle_bytes);
    add_figure(&text, "rate", pond_profile_rate());
    add_figure(&text, "lost", record_lost());
    add_figure(&text, "unwritten", LOAD(trace.unwritten));
    say_line(LINE_OF(&text), text.length, &t->patience);
}

static void say_ticks(struct trace_tick *t)
{
    if (t->alone) {
        say_tick(t, &t->figures[0], t->alone);
        return;
    }
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN)) {
        struct trace_figures *f = figures_of(t, p);
        if (f == NULL)
            continue;
        say_tick(t, f, p);
        f->pond = 0;
    }
}

void trace_write(struct trace_tick *t)
{
    int saved = errno_now(), cancel = os_hold_cancel();
    t->ended = os_microseconds();
    if (LOAD(trace_is_on))
        say_ticks(t);
    give_account(t);
    os_allow_cancel(cancel);
    errno_be(saved);
}
