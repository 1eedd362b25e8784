/* SPDX-License-Identifier: BSD-2-Clause */
/* What go tool pprof asks for: /debug/pprof/ and its profiles. */
#include "pages.h"
#include <errno.h>
#include <poll.h>
#include <time.h>

#define SECONDS_MOST 60 /* for which one waits */

/* ---- what there is ---- */

bool view_open(struct view *v, const pond_profile_source *source, double faster)
{
    *v = (struct view){.source = source, .faster = faster};
    if (!snapshot_take(&v->snapshot, source))
        return false;
    bool found = places_find(&v->places, &v->snapshot) && verdicts_find(v);
    if (!found)
        errno = ENOMEM;
    return found;
}

void view_close(struct view *v)
{
    places_free(&v->places);
    snapshot_free(&v->snapshot);
}

/* ---- a profile ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until so many seconds are over, or nobody is there any more for whom to wait. */
static void wait_for(unsigned seconds, int client)
{
    struct pollfd gone = {.fd = client > 0 ? client : -1, .events = POLLRDHUP};
    int64_t until = now_ms() + (int64_t)seconds * 1000;
    for (int64_t now; (now = now_ms()) < until;)
        if (poll(&gone, 1, (int)(until - now)) > 0)
            return;
}

/* What was got meanwhile. Of what is in use nothing: a sample taken before may have ended since, so
   differences of it would be of nothing (golang/go#67942). */
static bool take_difference(struct snapshot *s, const pond_profile_source *source, unsigned seconds,
                            int client)
{
    struct snapshot before;
    *s = (struct snapshot){.rate = 0};
    bool taken = snapshot_take(&before, source);
    if (taken) {
        turn_leave(TURN_WORK);
        wait_for(seconds, client);
        turn_wait(TURN_WORK);
        taken = snapshot_take(s, source) && snapshot_subtract(s, &before);
    }
    int error = errno;
    snapshot_free(&before);
    errno = error;
    return taken;
}

static bool form_heap(struct bytes *to, const struct request *r, struct snapshot *s, bool text)
{
    struct places places;
    bool made = places_find(&places, s) && (text ? form_text(to, s, &places) : form_pprof(to, s, &places));
    places_free(&places);
    if (!made)
        errno = ENOMEM;
    if (!text)
        r->answer->type = "application/octet-stream";
    return made;
}

struct asked {
    unsigned debug, seconds, tick;
};

/* NULL, or what is wrong with the question; *status. */
static const char *asked_wrongly(struct asked *a, const struct request *r, int *status)
{
    *status = 400;
    if (!query_number(r, "debug", 2, &a->debug))
        return "debug is 0, or 1: as text.";
    if (!query_number(r, "seconds", SECONDS_MOST, &a->seconds))
        return "seconds is a whole number, 60 at most.";
    if (!query_number(r, "gc", 1, &a->tick))
        return "gc is 0, or 1: a tick comes first.";
    *status = 403;
    if (a->tick > 0 && ((r->answer->allow & POND_ANSWER_MAY_TICK) == 0 || r->source->tick == NULL))
        return "gc=1 is not allowed here: when to tick is for the program to say.";
    *status = 503;
    if (a->seconds > 0 && !turn_take(TURN_WAIT))
        return "Another one waits for what is got meanwhile: try again later.";
    return NULL;
}

static bool page_profile(struct bytes *to, const struct request *r, enum value usual)
{
    struct snapshot s;
    struct asked a;
    int status;
    const char *wrong = asked_wrongly(&a, r, &status);
    if (wrong != NULL)
        return refuse(to, r, status, wrong);
    if (a.tick > 0 && !r->head)
        (void)r->source->tick();
    bool taken = a.seconds > 0 ? take_difference(&s, r->source, r->head ? 0 : a.seconds, r->answer->client)
                               : snapshot_take(&s, r->source);
    if (a.seconds > 0)
        turn_leave(TURN_WAIT);
    s.usual = a.seconds > 0 ? ALLOC_SPACE : usual;
    bool made = taken && form_heap(to, r, &s, a.debug > 0);
    int error = errno;
    snapshot_free(&s);
    errno = error;
    return made;
}

bool page_heap(struct bytes *to, const struct request *r)
{
    return page_profile(to, r, INUSE_SPACE);
}

bool page_allocs(struct bytes *to, const struct request *r)
{
    return page_profile(to, r, ALLOC_SPACE);
}

/* ---- the list of profiles, as Go's ---- */

static int count_row(const pond_profile_row *row, void *ctx)
{
    (void)row;
    ++*(size_t *)ctx;
    return 0;
}

bool page_index(struct bytes *to, const struct request *r)
{
    size_t count = 0;
    if (r->source->each(count_row, &count) != 0)
        return false;
    r->answer->type = "text/html; charset=utf-8";
    r->answer->headers = page_headers;
    say(to,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>/debug/pprof/</title>\n"
        "<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2em}"
        "td{padding-right:1.5em}</style>\n</head>\n<body>\n<h1>/debug/pprof/</h1>\n"
        "<p>Set debug=1 as a query parameter to export in text format.</p>\n"
        "Types of profiles available:\n<table>\n<thead><tr><td>Count</td><td>Profile</td></tr></thead>\n");
    bytes_say(to, "<tr><td>%zu</td><td><a href=\"/debug/pprof/allocs?debug=1\">allocs</a></td></tr>\n",
              count);
    bytes_say(to, "<tr><td>%zu</td><td><a href=\"/debug/pprof/heap?debug=1\">heap</a></td></tr>\n</table>\n",
              count);
    say(to, "<ul>\n<li>allocs: which stacks got objects of ponds, since the profile began</li>\n"
            "<li>heap: which stacks got those that are in use, and what is idle by pond</li>\n</ul>\n"
            "<p><a href=\"/debug/pond\">The ponds as a page</a></p>\n</body>\n</html>\n");
    return true;
}
