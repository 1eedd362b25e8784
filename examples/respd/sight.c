/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request a connection, 128 at a time, each with so much time to be sent and so much to be answered.
 * Answers are made by libuv's threads (uv_queue_work): a profile takes milliseconds, ?seconds=60 a minute.
 */
#define _GNU_SOURCE 1
#include "sight.h"
#include "head.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef RESPD_HAS_SIGHT
#include <pond/profile_write.h>
const bool sight_can_serve = true;

enum { MOST_VISITORS = 128, MOST_HEAD = 8 << 10, PATIENCE_MS = 10000 };

/* Who is connected. It is freed when its two handles are closed and its answer is made. */
struct visitor {
    uv_tcp_t tcp;
    uv_timer_t late;
    uv_work_t work;
    uv_write_t write;
    struct sight *sight;
    struct visitor *next, **previous;
    unsigned held; /* handles that are not closed, and the answer that is being made */
    bool asked;
    size_t used;
    char head[MOST_HEAD + 1];
    struct head request;
    pond_answer answer;
    bool failed;
    char first[1024]; /* the answer's lines */
};

static void let_go(struct visitor *v)
{
    if (--v->held > 0)
        return;
    *v->previous = v->next;
    if (v->next != NULL)
        v->next->previous = v->previous;
    v->sight->count--;
    free(v->answer.body);
    free(v);
}

static void on_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

static void end(struct visitor *v)
{
    if (uv_is_closing((uv_handle_t *)&v->tcp))
        return;
    if (v->answer.client > 0) /* whoever waits there for ?seconds= is to see it before it is closed */
        (void)shutdown(v->answer.client, SHUT_RDWR);
    uv_close((uv_handle_t *)&v->tcp, on_closed);
    uv_close((uv_handle_t *)&v->late, on_closed);
}

static void on_late(uv_timer_t *late)
{
    end(late->data);
}

/* ---- the answer ---- */

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    end(write->data);
}

static void send_answer(struct visitor *v)
{
    const pond_answer *a = &v->answer;
    int length = snprintf(
        v->first, sizeof(v->first),
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", a->status,
        a->status == 200 ? "OK" : "Refused", a->type, a->length, a->headers != NULL ? a->headers : "");
    uv_buf_t pieces[] = {uv_buf_init(v->first, (unsigned)length),
                         uv_buf_init(a->body, a->body != NULL ? (unsigned)a->length : 0)};
    uv_timer_start(&v->late, on_late, PATIENCE_MS, 0);
    if (length >= (int)sizeof(v->first) ||
        uv_write(&v->write, (uv_stream_t *)&v->tcp, pieces, 2, on_written) != 0)
        end(v);
}

static void refuse(struct visitor *v, int status, const char *text)
{
    v->answer =
        (pond_answer){.status = status, .type = "text/plain", .body = strdup(text), .length = strlen(text)};
    if (v->answer.body != NULL)
        send_answer(v);
    else
        end(v);
}

/* On one of libuv's threads. */
static void make_answer(uv_work_t *work)
{
    struct visitor *v = work->data;
    const struct head *h = &v->request;
    v->failed = pond_profile_answer(h->method, h->path, h->query, &v->answer) != 0;
}

static void on_answer(uv_work_t *work, int status)
{
    struct visitor *v = work->data;
    if (uv_is_closing((uv_handle_t *)&v->tcp))
        ;
    else if (v->failed || status != 0)
        end(v);
    else
        send_answer(v);
    let_go(v);
}

/* ---- the request ---- */

/* For pond_profile_answer, which waits for ?seconds= as long as somebody is there. */
static bool take_socket(struct visitor *v)
{
    return uv_fileno((const uv_handle_t *)&v->tcp, &v->answer.client) == 0;
}

static void ask(struct visitor *v)
{
    v->asked = true;
    uv_read_stop((uv_stream_t *)&v->tcp);
    uv_timer_stop(&v->late);
    if (!head_parse(&v->request, v->head, v->used))
        refuse(v, 400, "This is no request.\n");
    else if (v->request.has_body)
        refuse(v, 413, "A request has no body here.\n");
    else if (!pond_answer_host(v->request.host))
        refuse(v, 403, "The Host of the request is not this machine.\n");
    else if (!take_socket(v))
        end(v);
    else if (uv_queue_work(v->tcp.loop, &v->work, make_answer, on_answer) == 0)
        v->held++;
    else
        end(v);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    (void)suggested;
    struct visitor *v = handle->data;
    *room = uv_buf_init(v->head + v->used, (unsigned)(MOST_HEAD - v->used));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    (void)room;
    struct visitor *v = stream->data;
    if (n < 0) { /* UV_ENOBUFS: its head is too long */
        end(v);
        return;
    }
    v->used += (size_t)n;
    if (head_is_whole(v->head, v->used))
        ask(v);
}

/* ---- connections ---- */

/* Whoever connects when all places are taken is let in for the one that has been here longest without a
 * request. */
static void make_room(struct sight *s)
{
    struct visitor *oldest = NULL;
    for (struct visitor *v = s->visitors; v != NULL; v = v->next)
        if (!v->asked && !uv_is_closing((uv_handle_t *)&v->tcp))
            oldest = v; /* the newest is the first */
    if (s->count >= MOST_VISITORS && oldest != NULL)
        end(oldest);
}

static void enter(struct sight *s, struct visitor *v)
{
    v->sight = s;
    v->held = 2;
    v->next = s->visitors;
    v->previous = &s->visitors;
    if (v->next != NULL)
        v->next->previous = &v->next;
    s->visitors = v;
    s->count++;
}

static void on_connection(uv_stream_t *listening, int status)
{
    struct sight *s = listening->data;
    struct visitor *v = status == 0 ? calloc(1, sizeof(*v)) : NULL;
    if (v == NULL)
        return;
    make_room(s);
    uv_tcp_init(listening->loop, &v->tcp);
    uv_timer_init(listening->loop, &v->late);
    v->tcp.data = v->late.data = v->work.data = v->write.data = v;
    enter(s, v);
    if (uv_accept(listening, (uv_stream_t *)&v->tcp) != 0 || s->count > 2 * MOST_VISITORS ||
        uv_timer_start(&v->late, on_late, PATIENCE_MS, 0) != 0 ||
        uv_read_start((uv_stream_t *)&v->tcp, on_room_wanted, on_read) != 0)
        end(v);
}

bool sight_start(struct sight *s, uv_loop_t *loop, uint16_t port)
{
    const struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *s = (struct sight){.open = true};
    uv_tcp_init(loop, &s->tcp);
    s->tcp.data = s;
    int error = uv_tcp_bind(&s->tcp, (const struct sockaddr *)&here, 0);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&s->tcp, 128, on_connection);
    if (error == 0)
        return true;
    fprintf(stderr, "respd: cannot serve pages on the ponds on port %u: %s.\n", port, uv_strerror(error));
    sight_stop(s);
    return false;
}

unsigned sight_port(const struct sight *s)
{
    struct sockaddr_in here = {0};
    int size = sizeof(here);
    uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&here, &size);
    return ntohs(here.sin_port);
}

void sight_stop(struct sight *s)
{
    if (!s->open)
        return;
    s->open = false;
    uv_close((uv_handle_t *)&s->tcp, NULL);
    for (struct visitor *v = s->visitors; v != NULL; v = v->next)
        end(v);
}
#else
const bool sight_can_serve = false;
bool sight_start(struct sight *s, uv_loop_t *loop, uint16_t port)
{
    (void)s, (void)loop, (void)port;
    return false;
}
unsigned sight_port(const struct sight *s)
{
    (void)s;
    return 0;
}
void sight_stop(struct sight *s)
{
    (void)s;
}
#endif
