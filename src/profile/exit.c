/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The profile that is written when the process exits. libpond-profile writes it: linked into the program, or
 * loaded when the word is set, so that an exit in a sandbox needs only to open the file.
 */
#include "../os.h"
#include "../part.h"
#include "../symbol/find.h"
#include "../write/source.h"
#include "profile.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Not in every program. */
#pragma weak pond_profile_write_from

typedef int writer(const pond_profile_source *source, int fd, pond_profile_format format, const char *value);

static struct {
    char file[PROFILE_FILE_BYTES];
    pid_t process; /* that set it */
    writer *write;
} at_exit;

static writer *find_writer(void)
{
    writer *found = pond_profile_write_from;
    void *library = found == NULL ? watch_library(FIND_LIBRARY("profile")) : NULL;
    if (library != NULL)
        *(void **)&found = dlsym(library, "pond_profile_write_from");
    return found;
}

bool exit_set(const char *file)
{
    at_exit.process = getpid();
    (void)snprintf(at_exit.file, sizeof at_exit.file, "%s", file);
    if (file[0] == 0)
        return true;
    if (at_exit.write == NULL)
        at_exit.write = find_writer();
    return at_exit.write != NULL;
}

static int write_profile(const char *file)
{
    static const pond_profile_source source = POND_PROFILE_SOURCE;
    int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    int result = at_exit.write(&source, fd, POND_PROFILE_PPROF, NULL);
    int error = errno;
    if (close(fd) != 0 && result == 0)
        return -1;
    errno = error;
    return result;
}

/* A forked child writes one where the name tells the two apart. */
void sample_exit(void)
{
    char file[PROFILE_FILE_BYTES + 32];
    if (at_exit.write == NULL || at_exit.file[0] == 0)
        return;
    if (!part_with_process(file, sizeof file, at_exit.file) && getpid() != at_exit.process)
        return;
    if (write_profile(file) != 0)
        (void)dprintf(STDERR_FILENO, "pond: the profile was not written to %s: %s\n", file, strerror(errno));
}
