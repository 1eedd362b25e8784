// SPDX-License-Identifier: BSD-2-Clause
// Start, forks and the lock. The environment is read once, before the program can change it. Each process has
// a file: a forked child gets its own before it can give up its rights, as servers' workers do.
#include "scout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

struct wiped *wiped;
static char directory[400];

enum { ROOM_FACTOR = 16 };

// ---- the lock: 0 free, 1 taken, 2 taken and waited for ----

void lock_take(void)
{
    uint32_t was = 0;
    /* Acquires what the one before wrote before its lock_give. */
    if (atomic_compare_exchange_strong_explicit(&wiped->lock, &was, 1, memory_order_acquire,
                                                memory_order_relaxed))
        return;
    for (int i = 0; i < 100; i++) {
        was = 0;
        if (atomic_compare_exchange_weak_explicit(&wiped->lock, &was, 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return;
    }
    while (atomic_exchange_explicit(&wiped->lock, 2, memory_order_acquire) != 0)
        syscall(SYS_futex, &wiped->lock, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void lock_give(void)
{
    if (atomic_exchange_explicit(&wiped->lock, 0, memory_order_release) == 2)
        syscall(SYS_futex, &wiped->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// ---- the file ----

// On a full disk a write to the mapping would end the process: there has to be much more than the file can
// take.
static bool has_room(int fd)
{
    struct statvfs disk;
    return fstatvfs(fd, &disk) == 0 &&
           disk.f_bavail * disk.f_bsize / ROOM_FACTOR >= sizeof(struct scout_file);
}

// A process that becomes another program has several.
static int file_create(void)
{
    char path[sizeof directory + 64];
    int fd = -1;
    for (int i = 0; i < 1000 && fd < 0; i++) {
        snprintf(path, sizeof path, "%s/%d.%d.scout", directory, (int)getpid(), i);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd >= 0 && (!has_room(fd) || ftruncate(fd, sizeof(struct scout_file)) != 0)) {
        close(fd);
        unlink(path);
        fd = -1;
    }
    return fd;
}

// At `over`, in place of the parent's; NULL: anywhere.
static struct scout_file *file_map(struct scout_file *over)
{
    int fd = file_create();
    if (fd < 0)
        return NULL;
    void *p = mmap(over, sizeof(struct scout_file), PROT_READ | PROT_WRITE,
                   MAP_SHARED | (over != NULL ? MAP_FIXED : 0), fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

static bool file_begin(struct scout_file *f)
{
    f->bytes = sizeof *f;
    f->process = (uint32_t)getpid();
    f->parent = (uint32_t)getppid();
    f->began = f->seen = now_ns();
    f->every = f->most_every = 1;
    memcpy(f->magic, SCOUT_MAGIC, sizeof SCOUT_MAGIC);
    file = f;
    modules_program();
    record_begin();
    atomic_store_explicit(&wiped->alive, 1, memory_order_relaxed);
    return true;
}

bool start_child(void)
{
    struct scout_file *parents = file;
    file = NULL;
    struct scout_file *own = parents != NULL ? file_map(parents) : NULL;
    return own != NULL && book_open() && sites_open() && file_begin(own);
}

static void after_fork(void)
{
    bool inside = self.inside;
    self.inside = true;
    atomic_store_explicit(&wiped->lock, 0, memory_order_relaxed);
    (void)start_child();
    self.inside = inside;
    self.weight = self.countdown = 0;
}

// ---- the start ----

static void say(const char *what)
{
    fprintf(stderr, "pond-scout: %s; nothing is recorded of process %d.\n", what, (int)getpid());
}

// "rate=N,depth=N,tick=MS": the command has looked at them.
static unsigned long word(const char *words, const char *name, unsigned long otherwise)
{
    const char *at = words != NULL ? strstr(words, name) : NULL;
    return at != NULL ? strtoul(at + strlen(name), NULL, 10) : otherwise;
}

static bool wiped_open(void)
{
    long page = sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return false;
    (void)madvise(p, (size_t)page, MADV_WIPEONFORK); /* after_fork does it for most forks anyway */
    wiped = p;
    return true;
}

__attribute__((constructor)) static void start(void)
{
    const char *to = getenv("POND_SCOUT_DIR"), *words = getenv("POND_SCOUT");
    if (to == NULL || strlen(to) >= sizeof directory)
        return;
    self.inside = true;
    memcpy(directory, to, strlen(to) + 1);
    record_rate = word(words, "rate=", record_rate);
    chain_frames = (unsigned)word(words, "depth=", chain_frames);
    epoch_ns = word(words, "tick=", 1000) * 1000000;
    if (next.malloc == NULL)
        (void)next_find();
    struct scout_file *f = NULL;
    if (!wiped_open() || !book_open() || !sites_open())
        say("there is not enough memory");
    else if ((f = file_map(NULL)) == NULL)
        say("no file could be made in its directory");
    else if (pthread_atfork(NULL, NULL, after_fork) == 0)
        file_begin(f);
    self.inside = false;
}
