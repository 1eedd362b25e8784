// SPDX-License-Identifier: BSD-2-Clause
// Reads, inflates, writes.
#include "bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { STEP = 256 << 10 };

void bytes_reserve(bytes *b, size_t more)
{
    while (b->room - b->size < more)
        b->data = grow(b->data, &b->room, b->room, 1);
}

void bytes_free(bytes *b)
{
    free(b->data);
    *b = (bytes){0};
}

static bool too_large(trouble *t)
{
    return fail(t, "it is larger than %d MiB, which no profile of a pond is.", MOST_READ >> 20);
}

bool bytes_read(bytes *b, int fd, const char *name, trouble *t)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return fail(t, "%s.", strerror(errno));
    if (S_ISDIR(about.st_mode))
        return fail(t, "it is a directory.");
    if (S_ISREG(about.st_mode) && about.st_size > MOST_READ)
        return too_large(t);
    for (;;) {
        bytes_reserve(b, STEP);
        ssize_t got = read(fd, b->data + b->size, STEP);
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(t, "%s.", strerror(errno));
        b->size += (size_t)got;
        progress(name, b->size);
        if (b->size > MOST_READ)
            return too_large(t);
    }
    return b->size > 0 || fail(t, "it is empty.");
}

// One stream of gzip after the other, as gunzip takes them.
static bool inflate_all(z_stream *z, bytes *out, trouble *t)
{
    int result = Z_OK;
    while (result != Z_STREAM_END) {
        bytes_reserve(out, STEP);
        z->next_out = out->data + out->size;
        z->avail_out = STEP;
        result = inflate(z, Z_NO_FLUSH);
        out->size += STEP - z->avail_out;
        if (out->size > MOST_INFLATED)
            return fail(t, "it inflates to more than %d MiB, which no profile does.", MOST_INFLATED >> 20);
        if (result == Z_BUF_ERROR || (result == Z_OK && z->avail_in == 0 && z->avail_out > 0))
            return fail(t, "it is cut off: the gzipped data ends too early.");
        if (result == Z_MEM_ERROR)
            return fail(t, "there is not enough memory.");
        if (result != Z_OK && result != Z_STREAM_END)
            return fail(t, "its gzipped data is damaged (%s).", z->msg == NULL ? "zlib" : z->msg);
        if (result == Z_STREAM_END && z->avail_in > 0) {
            if (z->avail_in < 2 || z->next_in[0] != 0x1f || z->next_in[1] != 0x8b)
                return fail(t, "something follows its gzipped data.");
            result = inflateReset(z);
        }
    }
    return true;
}

bool bytes_gunzip(bytes *b, trouble *t)
{
    if (b->size < 2 || b->data[0] != 0x1f || b->data[1] != 0x8b)
        return true;
    z_stream z = {.next_in = b->data, .avail_in = (uInt)b->size};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return fail(t, "zlib does not start.");
    bytes out = {0};
    bool done = inflate_all(&z, &out, t);
    inflateEnd(&z);
    if (!done) {
        bytes_free(&out);
        return false;
    }
    bytes_free(b);
    *b = out;
    return true;
}
