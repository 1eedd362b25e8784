/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes profiles of stacks that are recorded here, with figures that are known, and of ponds that are real:
 *
 *     program FORMAT FILE [VALUE]     FORMAT: pprof, folded, text, before (a smaller pprof). Says on
 *                                     stdout what pond_stats_read says of each pond
 *     program real FILE               a pprof of this process's own libpond
 *     program errors                  what is refused, and how; a line each that is as it should be
 *     program memory                  memory of malloc ends at each call in turn
 *     program together                several threads at once
 *     program slow                    through a pipe that does not block, in bits
 *
 * With LOADED libpond-profile is not linked, but loaded from the path in POND_TEST_PROFILE, and libpond is an
 * archive in the program: what POND_PROFILE=exit=FILE does.
 */
#include "../checked.h"
#include "write/source.h"
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- recorded stacks ---- */

#define ROWS 400

static struct {
    pond_profile_row rows[ROWS];
    void *pcs[ROWS][40];
    double ages[ROWS][2];
    size_t count;
} recorded;

static const pond_profile_life lives[POND_PROFILE_LIVES] = {[3] = {17.5, 7}, [15] = {20000, 2}};

static const double alike[] = {400, 400}, unlike[] = {80, 20.5};

static double factor = 1; /* of what is in use */

/* Of its caller's caller outwards: the function that is noted is the one that calls this. */
static NOINLINE void record(const char *pond, const char *type, double objects, double live, double bytes)
{
    pond_profile_row *row = &recorded.rows[recorded.count];
    double *ages = recorded.ages[recorded.count];
    ages[0] = 1.5;
    ages[1] = objects / 1000;
    int n = backtrace(recorded.pcs[recorded.count], 40);
    CHECK(n > 1 && recorded.count < ROWS);
    *row = (pond_profile_row){.pond = pond,
                              .type = type,
                              .pcs = (const void *const *)recorded.pcs[recorded.count++] + 1,
                              .count = (size_t)n - 1,
                              .alloc_objects = objects,
                              .alloc_bytes = objects * bytes,
                              .inuse_objects = live * factor,
                              .inuse_bytes = live * factor * bytes,
                              .samples = 7,
                              .oldest_seconds = 1.5,
                              .pond_id = strcmp(pond, "buffers") == 0 ? 1 : 2,
                              .ages = ages,
                              .age_count = live > 0 ? 2 : 0,
                              .lives = live > 0 ? lives : NULL,
                              .age_objects = strcmp(pond, "buffers") == 0 ? alike : unlike};
}

static inline __attribute__((always_inline)) void take_buffer(double objects, double live)
{
    record("buffers", "struct buffer", objects, live, 256); /* INLINED */
}

static NOINLINE void leak_request(void)
{
    take_buffer(1000.25, 800.25); /* LEAK */
    __asm__ volatile("");
}

static NOINLINE void serve_request(void)
{
    take_buffer(5000, 0);
    record("conns; all", "", 300, 100, 64);
    __asm__ volatile("");
}

/* 100 stacks with three tenths of an object each: 30. */
static NOINLINE void small_parts(void)
{
    for (int i = 0; i < 100; i++)
        record("small", "", 0.3, 0.3, 8);
}

static NOINLINE void serve(void)
{
    leak_request();
    serve_request();
    small_parts();
    __asm__ volatile("");
}

static int each(int (*row)(const pond_profile_row *, void *ctx), void *ctx)
{
    int stopped = 0;
    for (size_t i = 0; i < recorded.count && stopped == 0; i++)
        stopped = row(&recorded.rows[i], ctx);
    return stopped;
}

static size_t rate(void)
{
    return 524288;
}

static uint64_t lost(void)
{
    return 3;
}

static double seconds(void)
{
    return 321.5;
}

static int history(pond *p, pond_history *h, size_t bytes)
{
    CHECK(bytes == sizeof *h);
    bool sampled = strcmp(pond_name(p), "buffers") == 0;
    *h = (pond_history){.id = 2};
    if (sampled)
        *h =
            (pond_history){.id = 1, .interval = 2, .count = 3, .live = {5, 6, 7}, .live_bytes = {50, 60, 70}};
    return sampled ? 0 : -1;
}

static const pond_profile_source source = {.size = sizeof source,
                                           .each = each,
                                           .ponds = pond_each,
                                           .stats = pond_stats_read_sized,
                                           .name = pond_name,
                                           .type_name = pond_type_name,
                                           .rate = rate,
                                           .lost = lost,
                                           .limits = pond_limits_read_sized,
                                           .history = history,
                                           .seconds = seconds,
                                           .trace = pond_trace_each,
                                           .fine = pond_profile_fine};

/* ---- ponds with idle objects in each state ---- */

static void get_and_put(pond *p, size_t n)
{
    void *objects[3000];
    CHECK(n <= 3000 && pond_get_many(p, objects, n) == n);
    pond_put_many(p, objects, n);
}

struct buffer {
    char bytes[256];
};

static void *keep_one(void *p)
{
    return pond_get(p);
}

static void make_ponds(void)
{
    static const pond_type type = {.name = "struct buffer", .size = sizeof(struct buffer)};
    pond *buffers = pond_create(&(pond_options){.name = "buffers", .type = &type, .max_objects = 5000});
    pond *conns = pond_create(&(pond_options){.name = "conns; all", .size = 64});
    pthread_t thread;
    CHECK(buffers != NULL && conns != NULL);
    get_and_put(buffers, 3000);
    CHECK(pond_epoch_advance() > 0); /* victims */
    get_and_put(buffers, 1500); /* of which some are taken, and put: in the depot and this thread's cache */
    get_and_put(conns, 10);
    CHECK(pthread_create(&thread, NULL, keep_one, conns) == 0 && pthread_join(thread, NULL) == 0);
}

static int say_pond(pond *p, void *ctx)
{
    pond_stats s;
    (void)ctx;
    pond_stats_read(p, &s);
    printf("%s\t%llu\t%llu\t%llu\t%llu\t%llu\t%llu\n", pond_name(p), (unsigned long long)s.idle_local,
           (unsigned long long)s.idle_shared, (unsigned long long)s.idle_victim,
           (unsigned long long)s.idle_local_bytes, (unsigned long long)s.idle_shared_bytes,
           (unsigned long long)s.idle_victim_bytes);
    return 0;
}

/* ---- what is asked for ---- */

typedef int writer(const pond_profile_source *, int, pond_profile_format, const char *);

static writer *find_writer(void)
{
#ifdef LOADED
    writer *found = NULL;
    void *library = dlopen(getenv("POND_TEST_PROFILE"), RTLD_NOW | RTLD_LOCAL);
    int (*own)(int, pond_profile_format, const char *) = NULL;
    CHECK(library != NULL);
    *(void **)&found = dlsym(library, "pond_profile_write_from");
    *(void **)&own = dlsym(library, "pond_profile_write");
    CHECK(own(1, POND_PROFILE_TEXT, NULL) == -1 && errno == ENOSYS);
    return found;
#else
    return pond_profile_write_from;
#endif
}

static void write_file(writer *write_from, const char *form, const char *file, const char *value)
{
    pond_profile_format format = strcmp(form, "folded") == 0 ? POND_PROFILE_FOLDED
                                 : strcmp(form, "text") == 0 ? POND_PROFILE_TEXT
                                                             : POND_PROFILE_PPROF;
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    CHECK(fd >= 0);
    errno = 77;
    CHECK(write_from(&source, fd, format, value) == 0 && errno == 77);
    CHECK(close(fd) == 0);
    (void)pond_each(say_pond, NULL);
}

static void errors(writer *write_from)
{
    pond_profile_source old = source;
    int full = open("/dev/full", O_WRONLY);
    CHECK(write_from(&source, -1, POND_PROFILE_PPROF, NULL) == -1 && errno == EBADF);
    CHECK(write_from(&source, full, POND_PROFILE_TEXT, NULL) == -1 && errno == ENOSPC);
    CHECK(write_from(&source, 1, (pond_profile_format)3, NULL) == -1 && errno == EINVAL);
    CHECK(write_from(&source, 1, (pond_profile_format)-1, NULL) == -1 && errno == EINVAL);
    CHECK(write_from(&source, 1, POND_PROFILE_FOLDED, "inuse") == -1 && errno == EINVAL);
    CHECK(write_from(&source, 1, POND_PROFILE_FOLDED, "") == -1 && errno == EINVAL);
    CHECK(write_from(NULL, 1, POND_PROFILE_PPROF, NULL) == -1 && errno == EINVAL);
    old.size = offsetof(pond_profile_source, fine);
    CHECK(write_from(&old, 1, POND_PROFILE_PPROF, NULL) == -1 && errno == EINVAL);
    puts("refused as it should be");
}

#ifndef LOADED
/* Three objects in use, at a tick, too, and one that was put. */
static void write_real(const char *file)
{
    void *objects[4];
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    pond *p = pond_create(&(pond_options){.name = "real", .size = 64, .max_objects = 10});
    CHECK(fd >= 0 && p != NULL && pond_profile_set("rate=1") == 0);
    CHECK(pond_get_many(p, objects, 4) == 4);
    pond_put(p, objects[3]);
    CHECK(pond_rotate(p) == 1);
    CHECK(pond_profile_write(fd, POND_PROFILE_PPROF, NULL) == 0 && close(fd) == 0);
}
#endif

/* ---- malloc fails ---- */

static long allowed = -1; /* so many calls more; -1: all */

#ifndef LOADED
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *old, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *old, size_t n);

static int is_allowed(void)
{
    if (allowed > 0)
        allowed--;
    if (allowed == 0)
        errno = ENOMEM;
    return allowed != 0;
}

void *__wrap_malloc(size_t n)
{
    return is_allowed() ? __real_malloc(n) : NULL;
}

void *__wrap_calloc(size_t n, size_t count)
{
    return is_allowed() ? __real_calloc(n, count) : NULL;
}

void *__wrap_realloc(void *old, size_t n)
{
    return is_allowed() ? __real_realloc(old, n) : NULL;
}
#endif

static off_t size_of(int fd)
{
    off_t size = lseek(fd, 0, SEEK_CUR);
    CHECK(size > 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    return size;
}

/* Each call fails at first, and then one more succeeds each time, until the whole is written: all of it. */
static void memory(writer *write_from)
{
    for (int format = POND_PROFILE_PPROF; format <= POND_PROFILE_TEXT; format++) {
        long calls = 0;
        int result, error, fd = fileno(tmpfile());
        CHECK(write_from(&source, fd, (pond_profile_format)format, NULL) == 0);
        off_t size = size_of(fd);
        do {
            allowed = ++calls;
            result = write_from(&source, fd, (pond_profile_format)format, NULL);
            error = errno;
            allowed = -1;
            CHECK(result == 0 || (error == ENOMEM && lseek(fd, 0, SEEK_CUR) == 0));
        } while (result != 0);
        off_t difference =
            size - size_of(fd); /* the time is not the same, so neither is what gzip makes of it */
        CHECK(calls > 4 && difference < 20 && difference > -20);
        printf("format %d: %ld\n", format, calls);
    }
    puts("short of memory as it should be");
}

/* ---- a pipe that does not block ---- */

static void *read_slowly(void *pipe_end)
{
    char part[1000];
    size_t all = 0;
    ssize_t n;
    while ((n = read(*(int *)pipe_end, part, sizeof part)) > 0)
        all += (size_t)n;
    return (void *)all;
}

static void slow(writer *write_from)
{
    int ends[2];
    pthread_t reader;
    void *all = NULL;
    CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
    CHECK(pthread_create(&reader, NULL, read_slowly, &ends[0]) == 0);
    CHECK(write_from(&source, ends[1], POND_PROFILE_TEXT, NULL) == 0);
    CHECK(close(ends[1]) == 0 && pthread_join(reader, &all) == 0);
    printf("%zu\n", (size_t)all);
}

/* ---- several at once ---- */

#define WRITERS 6

static writer *together_write;
static FILE *together_files[WRITERS];

static void *write_one(void *file)
{
    CHECK(together_write(&source, fileno(*(FILE **)file), POND_PROFILE_FOLDED, "alloc_space") == 0);
    return NULL;
}

/* All of them have all names: libpond-symbol is asked by one after the other. */
static void together(writer *write_from)
{
    pthread_t threads[WRITERS];
    static char texts[WRITERS][4096];
    together_write = write_from;
    for (int i = 0; i < WRITERS; i++)
        CHECK((together_files[i] = tmpfile()) != NULL &&
              pthread_create(&threads[i], NULL, write_one, &together_files[i]) == 0);
    for (int i = 0; i < WRITERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(pread(fileno(together_files[i]), texts[i], sizeof texts[i] - 1, 0) > 0);
        CHECK(strstr(texts[i], ";serve;leak_request;take_buffer 256064\n") != NULL);
        CHECK(strcmp(texts[i], texts[0]) == 0);
    }
    puts("together as alone");
}

int main(int argc, char **argv)
{
    writer *write_from = find_writer();
    CHECK(argc >= 2);
    if (strcmp(argv[1], "before") == 0)
        factor = 0.25;
#ifndef LOADED
    if (strcmp(argv[1], "real") == 0 && argc > 2) {
        write_real(argv[2]);
        return 0;
    }
#endif
    serve();
    make_ponds();
    if (strcmp(argv[1], "errors") == 0)
        errors(write_from);
    else if (strcmp(argv[1], "memory") == 0)
        memory(write_from);
    else if (strcmp(argv[1], "together") == 0)
        together(write_from);
    else if (strcmp(argv[1], "slow") == 0)
        slow(write_from);
    else if (argc > 2)
        write_file(write_from, argv[1], argv[2], argc > 3 ? argv[3] : NULL);
    return 0;
}
