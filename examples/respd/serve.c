/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read, answer, write. Commands that came together are answered together: their requests make a batch, which
 * is written at once as far as the socket takes it, and for the rest when it takes more. A buffer is got when
 * there is something to read and is closed when nothing in it is waited for: idle connections have none.
 */
#define _GNU_SOURCE 1
#include "serve.h"
#include "command.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A client with so many bytes of replies on their way has to read before it is heard again. */
static const size_t most_unsent = 1 << 20;

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    *c->previous = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    buffer_close(c->in);
    c->in = NULL;
    connection_close(c);
}

static void end(struct connection *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

/* Takes no more commands; ends when all that was answered is sent. */
static void finish(struct connection *c)
{
    c->ending = true;
    uv_read_stop((uv_stream_t *)&c->tcp);
    if (c->batches == 0)
        end(c);
}

/* ---- out ---- */

enum { PIECES = 3 * BATCH_REQUESTS };

/* What the batch, which has a request, sends in pieces. */
static unsigned pieces_of(const struct batch *b, uv_buf_t *pieces)
{
    static char line_end[] = "\r\n";
    unsigned n = 0;
    struct request *r = b->first;
    do {
        pieces[n++] = uv_buf_init(r->text, (unsigned)r->text_size);
        if (r->body.size > 0) {
            pieces[n++] = uv_buf_init((char *)(uintptr_t)r->body.bytes, (unsigned)r->body.size);
            pieces[n++] = uv_buf_init(line_end, 2);
        }
    } while ((r = r->next) != NULL);
    return n;
}

/* How many of the n pieces are sent with this many bytes; the first that is not is shortened. */
static unsigned skip(uv_buf_t *pieces, unsigned n, size_t sent)
{
    unsigned i = 0;
    while (i < n && sent >= pieces[i].len)
        sent -= pieces[i++].len;
    if (i < n && sent > 0) {
        pieces[i].base += sent;
        pieces[i].len -= sent;
    }
    return i;
}

static void listen_to(struct connection *c);

static void on_written(uv_write_t *write, int status)
{
    struct batch *b = write->data;
    struct connection *c = b->to;
    batch_close(b);
    c->batches--;
    if (status != 0 || (c->ending && c->batches == 0))
        end(c);
    else if (c->paused && !c->ending &&
             uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) < most_unsent / 2)
        listen_to(c);
}

/* For what the socket does not take now. libuv allocates an array for more than four pieces. */
static void write_later(struct connection *c, struct batch *b, uv_buf_t *pieces, unsigned n)
{
    uv_stream_t *stream = (uv_stream_t *)&c->tcp;
    b->write.data = b;
    b->to = c;
    if (uv_write(&b->write, stream, pieces, n, on_written) != 0) {
        batch_close(b);
        end(c);
        return;
    }
    c->batches++;
    if (uv_stream_get_write_queue_size(stream) > most_unsent) {
        c->paused = true;
        uv_read_stop(stream);
    }
}

static void send_batch(struct connection *c, struct batch *b)
{
    uv_buf_t pieces[PIECES];
    unsigned n = pieces_of(b, pieces);
    int sent = uv_try_write((uv_stream_t *)&c->tcp, pieces, n); /* UV_EAGAIN also when others wait already */
    unsigned done = sent > 0 ? skip(pieces, n, (size_t)sent) : 0;
    if (done == n) {
        batch_close(b);
    } else if (sent < 0 && sent != UV_EAGAIN) {
        batch_close(b);
        end(c);
    } else {
        write_later(c, b, pieces + done, n - done);
    }
}

/* ---- commands ---- */

/* A request at the end of *b, which is opened for the first one. NULL: memory is out. */
static struct request *add_request(struct batch **b, const struct command *command)
{
    if (*b == NULL)
        *b = batch_open();
    struct request *r = *b != NULL ? request_open() : NULL;
    if (r == NULL)
        return NULL;
    r->command = *command;
    *(*b)->last = r;
    (*b)->last = &r->next;
    (*b)->requests++;
    return r;
}

/* A full batch goes out, and the next request begins another. */
static void flush_full(struct connection *c, struct batch **b)
{
    if ((*b)->requests < BATCH_REQUESTS)
        return;
    send_batch(c, *b);
    *b = NULL;
}

/* Answers the command at the start of what was read. False: it is not complete, or was the last one. */
static bool answer_one(struct connection *c, struct batch **b)
{
    struct command command;
    struct buffer *in = c->in;
    if (in->used - in->start < c->needed)
        return false;
    struct parsed p = resp_parse(in->bytes + in->start, in->used - in->start, &command);
    if (p.state == PARSED_NOT_YET) {
        c->needed = p.size;
        return false;
    }
    in->start += p.size;
    c->needed = 1;
    if (p.state == PARSED && command.count == 0) /* an empty line */
        return true;
    struct request *r = add_request(b, &command);
    if (r == NULL) {
        end(c);
        return false;
    }
    if (p.state == PARSED_WRONG)
        command_refuse(r, p.error);
    else
        c->ending = command_answer(r);
    c->ending |= p.state == PARSED_WRONG;
    if (r->body.size > 0)
        r->from = buffer_share(in);
    flush_full(c, b);
    return !c->ending && !uv_is_closing((uv_handle_t *)&c->tcp);
}

static void answer_all(struct connection *c)
{
    struct batch *b = NULL;
    while (answer_one(c, &b))
        ;
    if (b != NULL && !uv_is_closing((uv_handle_t *)&c->tcp))
        send_batch(c, b);
    else
        batch_close(b);
    if (c->in->start == c->in->used || c->ending) {
        buffer_close(c->in);
        c->in = NULL;
    }
    if (c->ending)
        finish(c);
}

/* ---- in ---- */

/*
 * Bytes that lie in the socket; at most so many that a buffer of the largest size holds them. 0 where they
 * will be few, as they were the last time: asking takes as long as a short command does.
 */
static size_t pending(const struct connection *c)
{
    enum { MOST = 200 << 10 };
    uv_os_fd_t fd;
    int n = 0;
    if (!c->much || uv_fileno((const uv_handle_t *)&c->tcp, &fd) != 0 || ioctl(fd, FIONREAD, &n) != 0)
        return 0;
    return n < MOST ? (size_t)n : MOST;
}

/*
 * A command that is not complete goes on in this buffer, or needs a larger one. The kernel is asked how
 * large: with a guess, a client's buffers would grow step by step, and each step's size would stay until the
 * next ticks.
 */
static bool make_room(struct connection *c)
{
    struct buffer *in = c->in;
    size_t have = in != NULL ? in->used - in->start : 0;
    if (in != NULL && in->used < in->capacity && in->start + c->needed <= in->capacity)
        return true;
    size_t wanted = have + pending(c) + 1; /* a read that fills its room is followed by another one */
    struct buffer *larger = buffer_open(wanted > c->needed ? wanted : c->needed);
    if (larger == NULL)
        return false;
    if (have > 0)
        memcpy(larger->bytes, in->bytes + in->start, have);
    larger->used = have;
    buffer_close(in);
    c->in = larger;
    return true;
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    (void)suggested;
    struct connection *c = handle->data;
    *room = uv_buf_init(NULL, 0); /* libuv reports UV_ENOBUFS to on_read */
    if (make_room(c))
        *room = uv_buf_init((char *)c->in->bytes + c->in->used, (unsigned)(c->in->capacity - c->in->used));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    struct connection *c = stream->data;
    if (n == UV_EOF) { /* it may still read: half-closed */
        finish(c);
    } else if (n < 0) {
        end(c);
    } else if (n > 0) {
        c->much = (size_t)n == room->len || n > 4000;
        c->in->used += (size_t)n;
        answer_all(c);
    } else if (c->in != NULL && c->in->start == c->in->used) { /* there was nothing to read */
        buffer_close(c->in);
        c->in = NULL;
    }
}

static void listen_to(struct connection *c)
{
    c->paused = false;
    if (uv_read_start((uv_stream_t *)&c->tcp, on_room_wanted, on_read) != 0)
        end(c);
}

/* ---- beginning and end ---- */

static void enter(struct connection *c, struct connection **list)
{
    c->next = *list;
    c->previous = list;
    if (c->next != NULL)
        c->next->previous = &c->next;
    *list = c;
}

void serve_connection(uv_loop_t *loop, int socket, struct connection **list)
{
    struct connection *c = connection_open();
    if (c == NULL) {
        close(socket);
        return;
    }
    uv_tcp_init(loop, &c->tcp);
    c->tcp.data = c;
    c->needed = 1;
    enter(c, list);
    if (uv_tcp_open(&c->tcp, socket) != 0) {
        close(socket);
        end(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    listen_to(c);
}

void serve_end(struct connection *list)
{
    for (struct connection *c = list; c != NULL; c = c->next)
        end(c);
}
