/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "profile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef GZIPD_HAS_PROFILE
#include <pond/profile_write.h>
const bool profile_can_write = true;
static int write_to(int fd)
{
    return pond_profile_write(fd, POND_PROFILE_PPROF, NULL);
}
#else
const bool profile_can_write = false;
static int write_to(int fd)
{
    (void)fd;
    errno = ENOSYS;
    return -1;
}
#endif

static const char *first;
static unsigned written;

void profile_begin(const char *file)
{
    first = file;
}

static bool write_file(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    bool done = write_to(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && done) { /* of some file systems the first to say that there is no room */
        error = errno;
        done = false;
    }
    errno = error;
    return done;
}

void profile_write(void)
{
    char name[4096];
    if (first == NULL)
        return;
    int length = written == 0 ? snprintf(name, sizeof(name), "%s", first)
                              : snprintf(name, sizeof(name), "%s.%u", first, written + 1);
    if (length >= (int)sizeof(name))
        errno = ENAMETOOLONG;
    else if (write_file(name)) {
        written++;
        printf("gzipd: a profile is in %s\n", name);
        fflush(stdout);
        return;
    }
    fprintf(stderr, "gzipd: cannot write a profile: %s: %s.\n", first, strerror(errno));
}
