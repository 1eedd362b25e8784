/* SPDX-License-Identifier: BSD-2-Clause */
#include "pages.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Nothing is kept, and nothing is taken for what it is not. */
#define HEADERS "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"

static const char says_where[] =
    "Here are:\n"
    "  /debug/pond           the ponds, for people; ?format=json, ?format=text\n"
    "  /debug/pond/flame     who has what is in use: a flame graph\n"
    "  /debug/pprof/heap     the same for go tool pprof; ?debug=1 as text, ?seconds=N what is got meanwhile\n"
    "  /debug/pprof/allocs   what was got\n"
    "  /metrics              OpenMetrics\n";

static const struct route {
    const char *path;
    page *make;
    bool alone; /* it takes a profile: one at a time */
} routes[] = {{"/debug/pond", page_pond, true},           {"/debug/pond/", page_pond, true},
              {"/debug/pond/flame", page_flame, true},    {"/debug/pprof", page_index, true},
              {"/debug/pprof/", page_index, true},        {"/debug/pprof/heap", page_heap, true},
              {"/debug/pprof/allocs", page_allocs, true}, {"/metrics", page_metrics, false}};

/* ---- text ---- */

void say(struct bytes *to, const char *text)
{
    bytes_add(to, text, strlen(text));
}

void say_escaped(struct bytes *to, const char *text)
{
    for (; *text != 0; text++) {
        const char *escaped = *text == '<'    ? "&lt;"
                              : *text == '>'  ? "&gt;"
                              : *text == '&'  ? "&amp;"
                              : *text == '"'  ? "&quot;"
                              : *text == '\'' ? "&#39;"
                                              : NULL;
        if (escaped != NULL)
            say(to, escaped);
        else
            bytes_add(to, text, 1);
    }
}

bool refuse(struct bytes *to, const struct request *r, int status, const char *sentence)
{
    r->answer->status = status;
    r->answer->type = TYPE_TEXT;
    r->answer->headers = status == 503   ? HEADERS "Retry-After: 1\r\n"
                         : status == 405 ? HEADERS "Allow: GET, HEAD\r\n"
                                         : HEADERS;
    to->length = 0;
    say(to, sentence);
    say(to, "\n");
    return true;
}

static bool make(struct bytes *to, const struct request *r, const struct route *route)
{
    if (route->alone && !turn_take(TURN_WORK))
        return refuse(to, r, 503, "Another profile is being taken: try again in a second.");
    bool made = route->make(to, r);
    int error = errno;
    if (route->alone)
        turn_leave(TURN_WORK);
    errno = error;
    return made;
}

/* ---- the whole ---- */

static const struct route *route_of(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(path, routes[i].path) == 0)
            return &routes[i];
    return NULL;
}

static bool answer_to(struct bytes *to, const struct request *r, const char *method, const char *path)
{
    const struct route *route = route_of(path);
    if (!r->head && strcmp(method, "GET") != 0)
        return refuse(to, r, 405, "Only GET and HEAD are answered.");
    return route == NULL ? refuse(to, r, 404, says_where) : make(to, r, route);
}

static bool answer_fill(const struct request *r, const char *method, const char *path)
{
    struct bytes body = {.data = NULL};
    pond_answer *a = r->answer;
    a->status = 200;
    a->type = TYPE_TEXT;
    a->headers = HEADERS;
    bool made = answer_to(&body, r, method, path);
    if (made && body.failed) {
        made = false;
        errno = ENOMEM;
    }
    a->length = made ? body.length : 0;
    if (made && !r->head)
        a->body = body.data;
    else
        free(body.data);
    return made;
}

/* Not to be cancelled meanwhile, for the memory's sake. Where all goes well errno stays as it was. */
int pond_profile_answer_from(const pond_profile_source *source, const char *method, const char *path,
                             const char *query, pond_answer *answer)
{
    int cancel, saved = errno;
    if (answer != NULL)
        answer->body = NULL;
    if (!source_is_whole(source) || method == NULL || path == NULL || answer == NULL) {
        errno = EINVAL;
        return -1;
    }
    struct request r = {
        .source = source, .query = query, .head = strcmp(method, "HEAD") == 0, .answer = answer};
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    bool made = answer_fill(&r, method, path);
    int error = errno;
    (void)pthread_setcancelstate(cancel, NULL);
    errno = made ? saved : error;
    return made ? 0 : -1;
}
