// SPDX-License-Identifier: BSD-2-Clause
// A request, between libmicrohttpd and who answers it. The path goes there as it came, not unescaped: what is
// served has a name of its own, and no other spelling of it is one. (A byte 0 in it ends it, in
// libmicrohttpd.)
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Its visitor; NULL: it has gone.
static struct visitor *visitor_of(struct pond_http *s, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *about = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    return about != NULL ? visitors_find(&s->visitors, about->connect_fd) : NULL;
}

// The visitor's socket; 0: he has gone.
static int visitor_does(struct pond_http *s, struct MHD_Connection *c, enum visit visit)
{
    struct visitor *v = visitor_of(s, c);
    if (v != NULL)
        visitor_now(v, visit);
    return v != NULL ? v->fd : 0;
}

// NULL, when memory is out: request_come ends the connection.
void *request_begin(void *cls, const char *uri, struct MHD_Connection *c)
{
    (void)cls;
    size_t length = strlen(uri);
    struct request *r = calloc(1, sizeof *r + length + 1);
    if (r == NULL)
        return NULL;
    memcpy(r->path, uri, length + 1);
    char *query = strchr(r->path, '?');
    if (query != NULL) {
        *query = '\0';
        r->query = query + 1;
    }
    r->connection = c;
    return r;
}

void request_end(void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why)
{
    (void)cls, (void)c, (void)why;
    struct request *r = *request;
    *request = NULL;
    if (r != NULL)
        free(r->answer.body);
    free(r);
}

// ---- answers ----

static enum MHD_Result send_answer(struct pond_http *s, struct MHD_Connection *c, unsigned status,
                                   struct MHD_Response *response)
{
    (void)MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result queued = MHD_queue_response(c, status, response);
    MHD_destroy_response(response); // our share; the rest of it when the last byte was sent
    (void)visitor_does(s, c, VISIT_TAKES);
    return queued;
}

static enum MHD_Result refuse(struct pond_http *s, struct MHD_Connection *c, unsigned status,
                              const char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO; // ends the connection
    (void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    return send_answer(s, c, status, response);
}

// The lines of pond_answer.headers.
static void add_headers(struct MHD_Response *response, const char *lines)
{
    char name[64], value[512];
    for (int length = 0; lines != NULL && *lines != '\0'; lines += length) {
        length = 0;
        if (sscanf(lines, "%63[^:\r\n]: %511[^\r\n]%*1[\r]%*1[\n]%n", name, value, &length) < 2 ||
            length == 0)
            return;
        (void)MHD_add_response_header(response, name, value);
    }
}

// Of HEAD libmicrohttpd asks for no byte.
static ssize_t no_bytes(void *cls, uint64_t at, char *to, size_t room)
{
    (void)cls, (void)at, (void)to, (void)room;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result send_whole(struct pond_http *s, struct MHD_Connection *c, struct request *r)
{
    pond_answer *a = &r->answer;
    if (r->failed)
        return refuse(s, c, MHD_HTTP_SERVICE_UNAVAILABLE, "There is no memory for an answer.\n");
    struct MHD_Response *response =
        a->body != NULL ? MHD_create_response_from_buffer(a->length, a->body, MHD_RESPMEM_MUST_FREE)
                        : MHD_create_response_from_callback(a->length, 1024, no_bytes, NULL, NULL);
    if (response == NULL)
        return MHD_NO;
    a->body = NULL; // the response's from here on
    if (a->type != NULL)
        (void)MHD_add_response_header(response, "Content-Type", a->type);
    add_headers(response, a->headers);
    return send_answer(s, c, (unsigned)a->status, response);
}

// ---- what is refused before anything is asked ----

static bool has_body(struct MHD_Connection *c)
{
    const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Transfer-Encoding") != NULL ||
           (length != NULL && strspn(length, "0") != strlen(length));
}

struct hosts {
    const char *host;
    unsigned count;
};

static enum MHD_Result see_host(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct hosts *h = cls;
    (void)kind;
    if (strcasecmp(name, "Host") == 0) {
        h->host = value;
        h->count++;
    }
    return MHD_YES;
}

// It names this machine, once: a browser that was led here by another name says that name.
static bool host_is_allowed(const struct pond_http *s, struct MHD_Connection *c)
{
    struct hosts h = {.host = NULL};
    if (s->place.path != NULL || (s->flags & POND_HTTP_ANY_HOST) != 0)
        return true;
    (void)MHD_get_connection_values(c, MHD_HEADER_KIND, see_host, &h);
    if (h.count != 1 || h.host == NULL)
        return false;
    size_t length = strlen(s->place.address);
    bool own = length > 0 && strncasecmp(h.host, s->place.address, length) == 0 &&
               (h.host[length] == '\0' || h.host[length] == ':');
    return own || pond_answer_host(h.host);
}

// A page of another site has it loaded. It could not read the answer, but have us make one after the other.
static bool is_foreign(struct MHD_Connection *c)
{
    const char *site = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Sec-Fetch-Site");
    const char *mode = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Sec-Fetch-Mode");
    return site != NULL && strcmp(site, "cross-site") == 0 && (mode == NULL || strcmp(mode, "navigate") != 0);
}

static enum MHD_Result first_look(struct pond_http *s, struct MHD_Connection *c, struct request *r,
                                  const char *method)
{
    if (has_body(c))
        return refuse(s, c, MHD_HTTP_CONTENT_TOO_LARGE, "A request has no body here.\n");
    if (!host_is_allowed(s, c))
        return refuse(s, c, MHD_HTTP_FORBIDDEN, "The Host of the request is not this machine.\n");
    if (is_foreign(c))
        return refuse(s, c, MHD_HTTP_FORBIDDEN,
                      "Pages of other sites may lead here, and load nothing from here.\n");
    (void)snprintf(r->method, sizeof r->method, "%s", method);
    r->stage = REQUEST_IS_WHOLE;
    return MHD_YES;
}

enum MHD_Result request_come(void *cls, struct MHD_Connection *c, const char *path, const char *method,
                             const char *version, const char *body, size_t *body_size, void **request)
{
    (void)path, (void)version, (void)body;
    struct pond_http *s = cls;
    struct request *r = *request;
    if (r == NULL || *body_size > 0) // no memory; a body that its head did not speak of
        return MHD_NO;
    switch (r->stage) {
    case REQUEST_COMES:
        return first_look(s, c, r, method);
    case REQUEST_IS_WHOLE:
        MHD_suspend_connection(c);
        r->stage = REQUEST_ASKED;
        r->answer.client = visitor_does(s, c, VISIT_WAITS);
        work_ask(&s->work, r);
        return MHD_YES;
    case REQUEST_ANSWERED:
        return send_whole(s, c, r);
    default:
        return MHD_NO;
    }
}
