/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "compress.h"
#include <errno.h>
#include <unistd.h>

/* As read, but for signals. */
static ssize_t read_some(int fd, void *bytes, size_t n)
{
    ssize_t got;
    do
        got = read(fd, bytes, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Feeds the file through z, chunk by chunk. z has room for all that can come out. */
static bool run_through(z_stream *z, int fd, size_t left, unsigned char *chunk, size_t chunk_size)
{
    int state;
    do {
        ssize_t got = read_some(fd, chunk, left < chunk_size ? left : chunk_size);
        if (got < 0)
            return false;
        left -= (size_t)got;
        z->next_in = chunk;
        z->avail_in = (uInt)got;
        state = deflate(z, got == 0 || left == 0 ? Z_FINISH : Z_NO_FLUSH);
    } while (state == Z_OK);
    if (state != Z_STREAM_END)
        errno = EIO; /* cannot be: there was room */
    return state == Z_STREAM_END;
}

static bool compress_with(z_stream *z, struct request *r, int fd, size_t size)
{
    struct buffer *out = r->answer;
    if (!buffer_reserve(out, deflateBound(z, (uLong)size))) {
        errno = ENOMEM;
        return false;
    }
    z->next_out = out->bytes;
    z->avail_out = (uInt)out->capacity;
    if (!run_through(z, fd, size, r->chunk, sizeof(r->chunk)))
        return false;
    out->used = z->total_out;
    return true;
}

/* The stream is needed only while the processor is at it; the buffer until the client has it all. */
bool compress_file(struct request *r, int fd, size_t size)
{
    r->answer = buffer_open();
    z_stream *z = stream_open();
    bool done = false;
    if (r->answer != NULL && z != NULL)
        done = compress_with(z, r, fd, size);
    else
        errno = ENOMEM;
    int error = errno;
    stream_close(z);
    errno = error;
    return done;
}
