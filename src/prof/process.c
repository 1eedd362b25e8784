// SPDX-License-Identifier: BSD-2-Clause
// A process by its number: it is asked on the unix sockets that it listens on, one after the other. Their
// paths are those of its own mount namespace, below /proc/N/root; abstract ones are not reached from another
// network namespace.
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_ASKED = 32,
    ONE_OF_SEVERAL_SECONDS = 10 // what listens there need not be a server that answers
};

typedef struct listener {
    uint64_t inode;
    char path[160]; // as the process bound it
} listener;

typedef struct listeners {
    listener *found;
    size_t count, room;
} listeners;

// A line of /proc/N/net/unix: Num RefCount Protocol Flags Type St Inode Path. Flags 00010000: it listens.
static bool parse_line(const char *line, listener *l)
{
    unsigned flags, type;
    int at = 0;
    if (sscanf(line, "%*s %*x %*x %x %x %*x %" SCNu64 " %n", &flags, &type, &l->inode, &at) < 3 || at == 0)
        return false;
    size_t length = strcspn(line + at, "\n");
    if (length == 0 || length >= sizeof l->path || flags != 0x10000 || type != 1)
        return false;
    memcpy(l->path, line + at, length);
    l->path[length] = '\0';
    return l->path[0] != '@';
}

// All of its network namespace.
static bool read_listeners(listeners *all, long pid, trouble *t)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%ld/net/unix", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT ? fail(t, "there is no such process.")
                               : fail(t, "%s: %s.", path, strerror(errno));
    while (fgets(line, sizeof line, file) != NULL) {
        listener l;
        if (!parse_line(line, &l))
            continue;
        all->found = grow(all->found, &all->room, all->count, sizeof *all->found);
        all->found[all->count++] = l;
    }
    fclose(file);
    return true;
}

// Moves those that the process has open to the front, and forgets the others.
static bool keep_own(listeners *all, long pid, trouble *t)
{
    char path[64], target[64];
    size_t own = 0;
    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    DIR *open_files = opendir(path);
    if (open_files == NULL)
        return fail(t, "its open files cannot be looked at: %s.", strerror(errno));
    for (const struct dirent *entry; (entry = readdir(open_files)) != NULL;) {
        ssize_t length = readlinkat(dirfd(open_files), entry->d_name, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        if (strncmp(target, "socket:[", 8) != 0)
            continue;
        uint64_t inode = strtoull(target + 8, NULL, 10);
        for (size_t i = own; i < all->count; i++) {
            if (all->found[i].inode == inode) {
                listener l = all->found[i];
                all->found[i] = all->found[own];
                all->found[own++] = l;
                break;
            }
        }
    }
    closedir(open_files);
    all->count = own;
    return true;
}

// Those with "pond" in their path are asked first, then in the order of their paths.
static int by_promise(const void *a, const void *b)
{
    const listener *x = a, *y = b;
    int order = (strstr(y->path, "pond") != NULL) - (strstr(x->path, "pond") != NULL);
    return order != 0 ? order : strcmp(x->path, y->path);
}

static bool ask(bytes *b, const listener *l, long pid, long seconds, trouble *t)
{
    char path[256];
    snprintf(path, sizeof path, "/proc/%ld/%s%s", pid, l->path[0] == '/' ? "root" : "cwd/", l->path);
    bytes_free(b);
    return socket_read(b, path, seconds, t) || fail_of(t, l->path);
}

static bool ask_all(bytes *b, const listeners *all, long pid, trouble *t)
{
    if (all->count == 0)
        return fail(
            t,
            "the process listens on no unix socket: a program that serves its profile on one can be asked.");
    qsort(all->found, all->count, sizeof *all->found, by_promise);
    for (size_t i = 0; i < all->count && i < MOST_ASKED; i++) {
        trouble last = {""};
        if (ask(b, &all->found[i], pid, all->count == 1 ? ANSWER_SECONDS : ONE_OF_SEVERAL_SECONDS, &last))
            return true;
        if (all->count == 1) {
            *t = last;
            return false;
        }
    }
    return fail(t, "the process listens on %zu unix sockets, and none of them answers with a profile.",
                all->count);
}

bool process_read(bytes *b, const char *number, trouble *t)
{
    char *rest;
    errno = 0;
    long pid = strtol(number, &rest, 10);
    if (pid <= 0 || *rest != '\0' || errno != 0)
        return fail(t, "'%s' is not the number of a process.", number);
    listeners all = {0};
    bool done = read_listeners(&all, pid, t) && keep_own(&all, pid, t) && ask_all(b, &all, pid, t);
    free(all.found);
    return done;
}
