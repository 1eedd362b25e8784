/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of the process in which pointers may be, read in a copy of it (apart.c).
 *
 *   1. A page counts when it was written to: it is there, or swapped out, and no file's. So neither what was
 *      reserved and never used costs anything, nor what a file holds, which no pointer to an object is in.
 *   2. What a mapping cannot be read for (a device's memory, a file that is shorter by now) is left out.
 *   3. Memory that processes share is read as a whole, up to REGION_SHARED bytes of a mapping: the copy does
 *      not know which of its pages are there.
 */
#include "reach.h"
#include "tools.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REGION_SHARED ((size_t)64 << 20)
#define REGION_MOST ((uint64_t)4 << 40)  /* of all mappings; a second for each TiB that is not there */
#define REGION_READ ((uint64_t)16 << 30) /* the same where each page has to be read */
#define REGION_TOOLS ((uint64_t)1 << 40) /* a mapping so large is a tool's, if there is one */

/* Of an entry of a pagemap. */
#define PAGE_THERE ((uint64_t)1 << 63)
#define PAGE_SWAPPED ((uint64_t)1 << 62)
#define PAGE_OF_FILE ((uint64_t)1 << 61)

/* ---- reading ---- */

/* Copies bytes that no tool is to look at: some of them are nobody's. */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) static size_t
region_copy_directly(unsigned char *to, uintptr_t from, size_t n)
{
    const volatile unsigned char *bytes = (const volatile unsigned char *)from;
    for (size_t i = 0; i < n; i++)
        to[i] = bytes[i];
    return n;
}

/* Copies up to n bytes to g->bytes, and returns how many; 0: nothing is there. */
static size_t region_copy(struct regions *g, uintptr_t from, size_t n)
{
    POND_ASSERT(n <= sizeof(g->bytes));
    struct iovec to = {g->bytes, n}, there = {(void *)from, n};
    tools_zeroed(g->bytes, sizeof(g->bytes)); /* it will be defined */
    long got = g->direct ? -1 : syscall(SYS_process_vm_readv, getpid(), &to, 1UL, &there, 1UL, 0UL);
    g->direct = g->direct || (got < 0 && (errno == ENOSYS || errno == EPERM));
    if (g->direct)
        got = (long)region_copy_directly(g->bytes, from, n);
    return got > 0 ? (size_t)got : 0;
}

void regions_words(struct regions *g, uintptr_t from, uintptr_t to, word_visitor *visit, void *ctx)
{
    uintptr_t page = os_page_size();
    from = rounded_up(from, sizeof(uintptr_t));
    while (from < to) {
        size_t n = region_copy(g, from, MIN(to - from, sizeof(g->bytes)));
        const uintptr_t *words = (const uintptr_t *)(const void *)g->bytes;
        for (size_t i = 0; i < n / sizeof(*words); i++)
            visit(words[i], ctx);
        uintptr_t next = n > 0 ? from + n : (from | (page - 1)) + 1;
        if (next <= from)
            return; /* the end of all addresses */
        from = next;
    }
}

/* Reads up to n entries of the pagemap, from this page on, and returns how many; 0: it is not known. */
static size_t region_pages(struct regions *g, uintptr_t page, size_t n)
{
    if (g->pagemap < 0 || syscall(SYS_lseek, g->pagemap, (long)(page * sizeof(uint64_t)), SEEK_SET) < 0)
        return 0;
    ssize_t got = apart_read(g->pagemap, g->pages, MIN(n * sizeof(uint64_t), sizeof(g->pages)));
    return got > 0 ? (size_t)got / sizeof(uint64_t) : 0;
}

static bool region_is_written(uint64_t page)
{
    return (page & PAGE_SWAPPED) != 0 || (page & (PAGE_THERE | PAGE_OF_FILE)) == PAGE_THERE;
}

void regions_written(struct regions *g, uintptr_t from, uintptr_t to, bool shared, word_visitor *visit,
                     void *ctx)
{
    uintptr_t bytes = os_page_size();
    while (from < to) {
        uintptr_t first = from / bytes, last = (to - 1) / bytes;
        size_t n = shared ? 0 : region_pages(g, first, last - first + 1);
        for (size_t i = 0, run = 0; i < n; i += MAX(run, 1)) {
            for (run = 0; i + run < n && region_is_written(g->pages[i + run]);)
                run++;
            uintptr_t start = (first + i) * bytes;
            if (run > 0)
                regions_words(g, MAX(from, start), MIN(to - 1, start + run * bytes - 1) + 1, visit, ctx);
        }
        if (n == 0)
            regions_words(g, from, to, visit, ctx);
        if (n == 0 || first + n > last)
            return;
        from = (first + n) * bytes;
    }
}

/* ---- which mappings there are ---- */

struct mapping {
    uintptr_t from, to;
    bool readable, writable, shared, stack;
};

static uintptr_t region_hex(const char **text)
{
    uintptr_t value = 0;
    for (;; (*text)++) {
        unsigned digit = (unsigned)(unsigned char)**text;
        digit = digit <= '9' ? digit - '0' : digit - 'a' + 10;
        if (digit > 15)
            return value;
        value = value * 16 + digit;
    }
}

/* Reads a line such as "55d0c8a00000-55d0c8a21000 rw-p 00000000 00:00 0   [heap]"; what is longer was cut. */
static bool region_parse(const char *line, struct mapping *m)
{
    m->from = region_hex(&line);
    if (*line++ != '-')
        return false;
    m->to = region_hex(&line);
    if (*line++ != ' ' || strlen(line) < 4)
        return false;
    m->readable = line[0] == 'r';
    m->writable = line[1] == 'w';
    m->shared = line[3] == 's';
    m->stack = strstr(line, " [stack]") != NULL;
    return true;
}

static bool region_is_tools(uint64_t bytes)
{
    bool tools = __asan_poison_memory_region != NULL || __tsan_acquire != NULL || __msan_poison != NULL;
    return tools && bytes >= REGION_TOOLS;
}

/* True: it may hold pointers. */
static bool region_counts(struct regions *g, const struct mapping *m)
{
    uint64_t bytes = m->to - m->from;
    if (!m->readable || region_is_tools(bytes))
        return false;
    if (m->shared)
        return m->writable && bytes <= REGION_SHARED;
    if (!m->writable && g->pagemap < 0)
        return false;
    g->whole = g->whole && bytes <= g->most;
    g->most -= MIN(bytes, g->most);
    return g->whole;
}

struct mapped {
    struct regions *regions;
    region_visitor *visit;
    void *ctx;
};

static void region_mapped_line(const char *line, void *ctx)
{
    const struct mapped *all = ctx;
    struct regions *g = all->regions;
    struct mapping m;
    if (!region_parse(line, &m)) {
        g->whole = false;
        return;
    }
    if (m.stack && g->stack - m.from < m.to - m.from)
        g->stack_end = m.to;
    else if (region_counts(g, &m))
        all->visit(m.from, m.to, m.shared, all->ctx);
}

#define REGION_LINE 128

/* Visits each line of a file, its end cut off where it is longer than REGION_LINE. The file is read in
 * pieces, of which a line may have more than one. False: it cannot be read to its end. */
static bool region_lines(int file, void (*visit)(const char *line, void *ctx), void *ctx)
{
    char piece[1024] = {0}, line[REGION_LINE] = {0};
    size_t length = 0;
    ssize_t n;
    while ((n = apart_read(file, piece, sizeof(piece))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (piece[i] != '\n') {
                line[length] = piece[i];
                length += length + 1 < sizeof(line);
                continue;
            }
            line[length] = '\0';
            length = 0;
            visit(line, ctx);
        }
    }
    return n == 0;
}

/* Opens the pagemap. Where it is not this process's, or says nothing, each page has to be read. */
static void region_open_pagemap(struct regions *g)
{
    volatile char here = 1;
    g->pagemap = apart_open(AT_FDCWD, "/proc/self/pagemap");
    if (region_pages(g, (uintptr_t)&here / os_page_size(), 1) != 1 || !region_is_written(g->pages[0]))
        g->pagemap = -1;
    g->most = g->pagemap < 0 ? REGION_READ : REGION_MOST;
}

bool regions_each(struct regions *g, uintptr_t stack, uintptr_t *end, region_visitor *visit, void *ctx)
{
    int maps = apart_open(AT_FDCWD, "/proc/self/maps");
    if (maps < 0)
        return false;
    g->stack = g->stack_end = stack;
    g->whole = true;
    region_open_pagemap(g);
    bool read = region_lines(maps, region_mapped_line, &(struct mapped){g, visit, ctx});
    *end = g->stack_end;
    return read && g->whole;
}

/* ---- epoll ---- */

struct waited {
    int directory;
    word_visitor *visit;
    void *ctx;
};

/* Reads a line such as "tfd: 5 events: 19 data: 7f0012345678 pos:0 ..." */
static void region_waited_line(const char *line, void *ctx)
{
    const struct waited *w = ctx;
    const char *data = strncmp(line, "tfd:", 4) == 0 ? strstr(line, " data:") : NULL;
    if (data == NULL)
        return;
    for (data += 6; *data == ' ';)
        data++;
    w->visit(region_hex(&data), w->ctx);
}

static bool region_waited_file(const char *name, void *ctx)
{
    struct waited *w = ctx;
    int file = apart_open(w->directory, name);
    if (file >= 0)
        (void)region_lines(file, region_waited_line, w);
    (void)syscall(SYS_close, file);
    return true;
}

void regions_waited(word_visitor *visit, void *ctx)
{
    struct waited w = {apart_open(AT_FDCWD, "/proc/self/fdinfo"), visit, ctx};
    if (w.directory >= 0)
        (void)apart_list(w.directory, region_waited_file, &w);
}
