// SPDX-License-Identifier: BSD-2-Clause
// A file or standard output.
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void output_open(output *out)
{
    *out = (output){0};
    out->file = open_memstream(&out->data, &out->size);
    if (out->file == NULL)
        no_memory();
}

bool output_close(output *out, const char *path, trouble *t)
{
    bool bad = ferror(out->file) != 0;
    if (fclose(out->file) != 0 || bad)
        no_memory();
    bool done = write_whole(out->data, out->size, path, t);
    free(out->data);
    return done;
}

// Returns 0, or errno.
static int write_all(int fd, const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t written = write(fd, data + at, size - at);
        if (written < 0 && errno != EINTR)
            return errno;
        at += written < 0 ? 0 : (size_t)written;
    }
    return 0;
}

static bool cannot(const char *path, int error, trouble *t)
{
    fail_note(t, "it cannot be written: %s.", strerror(error));
    return fail_of(t, path);
}

static void remove_file(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
        unlink(path);
}

bool write_whole(const void *data, size_t size, const char *path, trouble *t)
{
    progress_end();
    if (path == NULL || strcmp(path, "-") == 0) {
        int error = write_all(STDOUT_FILENO, data, size);
        return error == 0 || error == EPIPE || cannot("standard output", error, t);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot(path, errno, t);
    int error = write_all(fd, data, size);
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0)
        return true;
    remove_file(path);
    return cannot(path, error, t);
}

bool is_writable(const char *path, trouble *t)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool is_new = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return cannot(path, errno, t);
    close(fd);
    if (is_new)
        unlink(path);
    return true;
}
