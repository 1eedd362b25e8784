/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of all ponds as plain text, for a ticket or for a look at a server that has no page.
 *
 * A pond is pinned while its line is made and not while lines are written: a reader that is slow keeps no
 * pond_destroy waiting. So the table goes on by the ponds' numbers, and not from the last pond, which may
 * be gone.
 */
#include "dump.h"
#include "profile/trace.h"
#include "tune.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define DUMP_LINE 640      /* more than any line takes */
#define DUMP_PATIENCE 1000 /* milliseconds for a reader that does not read, where writing does not block */

/* The columns between the name and the type, from the left. Others will come behind them. */
enum dump_column {
    DUMP_OBJECT,
    DUMP_LIVE,
    DUMP_IDLE,
    DUMP_MOST,
    DUMP_MAX,
    DUMP_GETS,
    DUMP_MISSES,
    DUMP_DROPPED,
    DUMP_FAILED,
    DUMP_WAITED,
    DUMP_LIVE_BYTES,
    DUMP_IDLE_BYTES,
    DUMP_RESIDENT,
    DUMP_SLABS,
    DUMP_COLUMNS
};

static const struct {
    const char *head;
    int width;
    bool unsummed; /* a sum of it says nothing */
} dump_columns[DUMP_COLUMNS] = {
    [DUMP_OBJECT] = {"object", 8, true},
    [DUMP_LIVE] = {"live", 9, false},
    [DUMP_IDLE] = {"idle", 9, false},
    [DUMP_MOST] = {"most", 9, true},
    [DUMP_MAX] = {"max", 9, true},
    [DUMP_GETS] = {"gets", 12, false},
    [DUMP_MISSES] = {"misses", 11, false},
    [DUMP_DROPPED] = {"dropped", 11, false},
    [DUMP_FAILED] = {"failed", 9, false},
    [DUMP_WAITED] = {"waited", 9, false},
    [DUMP_LIVE_BYTES] = {"live_bytes", 12, false},
    [DUMP_IDLE_BYTES] = {"idle_bytes", 12, false},
    [DUMP_RESIDENT] = {"resident", 12, false},
    [DUMP_SLABS] = {"slabs", 12, false},
};

struct dump {
    int fd;
    int error;    /* of the first write that failed; 0: none has */
    uint64_t end; /* as os_milliseconds: when the patience ends; 0: nobody has waited */
    size_t ponds;
    uint64_t sums[DUMP_COLUMNS];
    size_t length;
    char text[4 * DUMP_LINE]; /* whole lines, which are written together */
};

/* ---- writing ---- */

/* Waits after a write that failed for want of room. True: it may be tried again. */
static bool dump_may_go_on(struct dump *d)
{
    struct pollfd out = {.fd = d->fd, .events = POLLOUT};
    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    uint64_t now = os_milliseconds();
    if (d->end == 0)
        d->end = now + DUMP_PATIENCE;
    if (now >= d->end)
        return false;
    (void)poll(&out, 1, (int)(d->end - now));
    errno = EAGAIN;
    return true;
}

static void dump_flush(struct dump *d)
{
    size_t at = 0;
    while (at < d->length && d->error == 0) {
        ssize_t n = write(d->fd, d->text + at, d->length - at);
        if (n > 0) {
            at += (size_t)n;
            d->end = 0; /* whoever reads has as much patience for the next piece */
        } else if (n == 0)
            d->error = EIO;
        else if (!dump_may_go_on(d))
            d->error = errno;
    }
    d->length = 0;
}

static bool dump_is_full(const struct dump *d)
{
    return d->length + DUMP_LINE > sizeof(d->text);
}

/* Adds to the text, in which there is room for a line. */
static void dump_say(struct dump *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void dump_say(struct dump *d, const char *format, ...)
{
    va_list args;
    size_t room = sizeof(d->text) - d->length;
    POND_ASSERT(0 < room && room <= sizeof(d->text));
    va_start(args, format);
    int n = vsnprintf(d->text + d->length, room, format, args);
    va_end(args);
    if (n > 0)
        d->length += MIN((size_t)n, room - 1);
}

/* ---- lines ---- */

static void dump_head(struct dump *d)
{
    dump_say(d, "%-20s", "pond");
    for (int i = 0; i < DUMP_COLUMNS; i++)
        dump_say(d, " %*s", dump_columns[i].width, dump_columns[i].head);
    dump_say(d, " type\n");
}

/* Writes a figure into its column; where there is none (no bound, no size) "-" stands. */
static void dump_figure(struct dump *d, int column, uint64_t value, bool none)
{
    if (none)
        dump_say(d, " %*s", dump_columns[column].width, "-");
    else
        dump_say(d, " %*llu", dump_columns[column].width, (unsigned long long)value);
}

static uint64_t dump_sum_of(const uint64_t *values, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* Relaxed: max_objects is one word, and a figure here. */
static void dump_figures(struct pond *p, uint64_t figures[DUMP_COLUMNS])
{
    pond_stats s;
    stats_read(p, &s);
    figures[DUMP_OBJECT] = s.object_bytes;
    figures[DUMP_LIVE] = s.live;
    figures[DUMP_IDLE] = s.idle_local + s.idle_shared + s.idle_victim;
    figures[DUMP_MOST] = s.high_water;
    figures[DUMP_MAX] = LOAD(p->options.max_objects);
    figures[DUMP_GETS] = s.gets;
    figures[DUMP_MISSES] = s.misses;
    figures[DUMP_DROPPED] = dump_sum_of(s.dropped, POND_DROP_REASONS);
    figures[DUMP_FAILED] = dump_sum_of(s.failed, POND_FAIL_REASONS);
    figures[DUMP_WAITED] = s.waited;
    figures[DUMP_LIVE_BYTES] = s.live_bytes;
    figures[DUMP_IDLE_BYTES] = s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes;
    figures[DUMP_RESIDENT] = s.resident_bytes;
    figures[DUMP_SLABS] = s.slab_bytes;
}

static void dump_pond(struct dump *d, struct pond *p)
{
    struct trace_name name;
    uint64_t figures[DUMP_COLUMNS];
    const pond_type *type = p->options.type;
    dump_figures(p, figures);
    trace_name(&name, p->name);
    dump_say(d, "%-20s", name.text[0] != '\0' ? name.text : "-");
    for (int i = 0; i < DUMP_COLUMNS; i++) {
        d->sums[i] += figures[i];
        dump_figure(d, i, figures[i], dump_columns[i].unsummed && figures[i] == 0);
    }
    trace_name(&name, type != NULL && type->name != NULL ? type->name : "");
    dump_say(d, " %s\n", name.text[0] != '\0' ? name.text : "-");
    d->ponds++;
}

/* Writes the line of sums. Its name is told from a pond's, which has no "=" there. */
static void dump_foot(struct dump *d)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "total=%zu", d->ponds);
    dump_say(d, "%-20s", name);
    for (int i = 0; i < DUMP_COLUMNS; i++)
        dump_figure(d, i, d->sums[i], dump_columns[i].unsummed);
    dump_say(d, " -\n");
}

/* Writes what POND_TUNE has changed, a line for each of its words. */
static void dump_tuned(struct dump *d)
{
    char line[TUNE_LINE_BYTES];
    for (size_t i = 0; d->error == 0 && tune_line(i, line, sizeof(line)); i++) {
        if (dump_is_full(d))
            dump_flush(d);
        dump_say(d, "%s\n", line);
    }
}

/* ---- the table ---- */

/*
 * Writes as many ponds' lines as there is room for, from that number on; returns the number after them. 0:
 * there are no more.
 */
static uint64_t dump_some(struct dump *d, uint64_t number)
{
    struct pond *p = registry_pin_from(number);
    for (; p != NULL && !dump_is_full(d); p = registry_next(p, BY_AGE))
        dump_pond(d, p);
    number = p != NULL ? p->number : 0;
    if (p != NULL)
        registry_unpin(p);
    return number;
}

static void dump_all(struct dump *d)
{
    uint64_t number = 1;
    dump_head(d);
    do {
        number = dump_some(d, number);
        if (dump_is_full(d))
            dump_flush(d);
    } while (number != 0 && d->error == 0);
    dump_foot(d);
    dump_tuned(d);
    dump_flush(d);
}

int dump_all_to(int fd)
{
    struct dump d = {.fd = fd};
    dump_all(&d);
    return d.error;
}

int pond_dump(int fd)
{
    if (!registry_enter(NULL, "pond_dump", CALLER))
        return -1;
    int saved = errno_now(), cancel = os_hold_cancel(); /* a cancelled write would leave us inside */
    int error = dump_all_to(fd);
    os_allow_cancel(cancel);
    errno_be(error != 0 ? error : saved);
    entry_end();
    return error != 0 ? -1 : 0;
}
