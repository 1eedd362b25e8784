// SPDX-License-Identifier: BSD-2-Clause
// Tells the kinds of sources apart.
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool file_read(bytes *b, const char *path, trouble *t)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(t, "%s.", strerror(errno));
    bool done = bytes_read(b, fd, path, t);
    if (fd != STDIN_FILENO)
        close(fd);
    return done;
}

// The directory is reached by a descriptor: a socket's name may have 107 bytes, a path of a container's more.
static bool long_socket_read(bytes *b, const char *path, long seconds, trouble *t)
{
    char directory[4096], name[4096], at[sizeof(((struct sockaddr_un *)0)->sun_path)];
    if (strlen(path) >= sizeof directory)
        return fail(t, "its path is too long.");
    memcpy(directory, path, strlen(path) + 1);
    memcpy(name, path, strlen(path) + 1);
    int fd = open(dirname(directory), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(t, "%s.", strerror(errno));
    int length = snprintf(at, sizeof at, "/proc/self/fd/%d/%s", fd, basename(name));
    bool done = length < (int)sizeof at ? http_read(b, "http://localhost" PROFILE_PATH, at, seconds, t)
                                        : fail(t, "its name is too long for a socket's.");
    close(fd);
    return done;
}

bool socket_read(bytes *b, const char *path, long seconds, trouble *t)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return fail(t, "%s.", strerror(errno));
    if (!S_ISSOCK(about.st_mode))
        return fail(t, "it is not a unix socket.");
    if (strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
        return http_read(b, "http://localhost" PROFILE_PATH, path, seconds, t);
    return long_socket_read(b, path, seconds, t);
}

static bool any_read(bytes *b, const char *source, trouble *t)
{
    if (begins(source, "http://") || begins(source, "https://"))
        return url_read(b, source, t);
    if (begins(source, "unix:"))
        return socket_read(b, source + strlen("unix:"), ANSWER_SECONDS, t);
    if (begins(source, "pid:"))
        return process_read(b, source + strlen("pid:"), t);
    if (strstr(source, "://") != NULL && access(source, F_OK) != 0)
        return fail(t, "a SOURCE is a file, http://HOST:PORT, unix:/PATH or pid:NUMBER.");
    return file_read(b, source, t);
}

const char *source_name(const char *source)
{
    return strcmp(source, "-") == 0 ? "standard input" : source;
}

bool source_read(bytes *b, const char *source, trouble *t)
{
    bool done = any_read(b, source, t);
    progress_end();
    if (!done) {
        bytes_free(b);
        fail_prefix(t, source_name(source));
    }
    return done;
}
