/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// link: -Wl,--wrap=clock_gettime -Wl,--wrap=poll
/* pond_dump: a table of all ponds, whoever reads it; pond_find: a pond by its name. */
#include "test.h"

#include "clock.h"
#include "threads.h"

#include <fcntl.h>
#include <poll.h>
#include <pond/typed.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(dump, .timeout = TEST_ALARM);

static pond *make(const char *name)
{
    return test_pond((pond_options){.size = 8, .name = name});
}

/* ---- the table ---- */

enum { LINES = 600, FIELDS = 32 };

struct table {
    char text[1 << 18];
    char *lines[LINES];
    size_t count;
};

static void read_table(struct table *t)
{
    FILE *file = tmpfile();
    cr_assert_not_null(file);
    cr_assert_eq(pond_dump(fileno(file)), 0, "errno %d", errno);
    rewind(file);
    size_t length = fread(t->text, 1, sizeof t->text - 1, file);
    (void)fclose(file);
    t->text[length] = '\0';
    t->count = 0;
    for (char *rest = t->text, *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';)
        t->lines[t->count++] = line;
}

/* The column's number, from 0 on; the table says it. */
static int column(const struct table *t, const char *name)
{
    char head[1024], *rest = head;
    strcpy(head, t->lines[0]);
    int at = 0;
    for (const char *field; (field = strsep(&rest, " ")) != NULL;)
        if (*field != '\0' && strcmp(field, name) == 0)
            return at;
        else
            at += *field != '\0';
    cr_assert_fail("there is no column %s", name);
    return -1;
}

/* What stands there in the line, in storage that the next call uses. */
static const char *field(const struct table *t, size_t line, const char *name)
{
    static char copy[1024];
    int at = column(t, name);
    cr_assert_lt(line, t->count);
    strcpy(copy, t->lines[line]);
    char *rest = copy;
    for (const char *text; (text = strsep(&rest, " ")) != NULL;)
        if (*text != '\0' && at-- == 0)
            return text;
    cr_assert_fail("line %zu has no %s", line, name);
    return NULL;
}

#define says(t, line, name, text)                                                                            \
    cr_assert_str_eq(field(t, line, name), text, "%s of line %zu", name, (size_t)(line))

static const pond_type conn_type = {.name = "struct conn", .size = 48, .align = 8};

Test(dump, a_line_for_each_pond_and_one_of_sums)
{
    static struct table t;
    void *objs[4];
    pond *conns = test_pond((pond_options){.type = &conn_type, .name = "conns", .max_objects = 4});
    pond *odd = make("a b\t=\xc3\xbc%");
    test_get(conns, objs, 4);
    cr_assert_null(pond_get(conns));
    pond_put(conns, objs[3]);
    pond_discard(conns, objs[2]);
    read_table(&t);
    cr_assert_eq(t.count, 4);
    says(&t, 1, "pond", "conns");
    says(&t, 1, "object", "48");
    says(&t, 1, "live", "2");
    says(&t, 1, "idle", "1");
    says(&t, 1, "most", "4");
    says(&t, 1, "max", "4");
    says(&t, 1, "gets", "4");
    says(&t, 1, "misses", "4");
    says(&t, 1, "dropped", "1");
    says(&t, 1, "failed", "1");
    says(&t, 1, "live_bytes", "96");
    says(&t, 1, "idle_bytes", "48");
    says(&t, 1, "type", "struct%20conn");
    says(&t, 2, "pond", "a%20b%09%3D%C3%BC%25");
    says(&t, 2, "live", "0");
    says(&t, 2, "max", "-");
    says(&t, 2, "type", "-");
    says(&t, 3, "pond", "total=2");
    says(&t, 3, "live", "2");
    says(&t, 3, "failed", "1");
    says(&t, 3, "object", "-");
    says(&t, 3, "type", "-");
    pond_put_many(conns, objs, 2);
    cr_assert_eq(pond_destroy(conns) + pond_destroy(odd), 0);
}

Test(dump, without_ponds)
{
    static struct table t;
    read_table(&t);
    cr_assert_eq(t.count, 2);
    says(&t, 1, "pond", "total=0");
}

/* More than are written at once; every line is whole, and plain ASCII. */
Test(dump, of_hundreds_of_ponds)
{
    static struct table t;
    static pond *ponds[500];
    char name[64];
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof name, "%d \xff %0*d", i, i % 40, 0);
        ponds[i] = make(name);
    }
    read_table(&t);
    cr_assert_eq(t.count, 502);
    for (int i = 0; i < 500; i++) {
        cr_assert_eq(atoi(field(&t, (size_t)i + 1, "pond")), i);
        says(&t, (size_t)i + 1, "type", "-");
    }
    says(&t, 501, "pond", "total=500");
    for (const char *c = t.lines[0]; c < t.lines[501]; c++)
        cr_assert(*c == '\0' || (*c >= ' ' && *c < 127));
    for (int i = 0; i < 500; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0);
}

/* ---- readers ---- */

static void fill_pipe(int fd)
{
    static const char none[4096];
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, none, sizeof none) > 0)
        continue;
    cr_assert_eq(errno, EAGAIN);
}

Test(dump, what_cannot_be_written)
{
    int ends[2];
    pond *p = make("p");
    errno = 0;
    cr_assert_eq(pond_dump(-1), -1);
    cr_assert_eq(errno, EBADF);
    cr_assert_eq(pipe(ends), 0);
    fill_pipe(ends[1]);
    errno = 0;
    cr_assert_eq(pond_dump(ends[1]), -1, "nobody reads");
    cr_assert_eq(errno, EAGAIN);
    cr_assert_eq(close(ends[0]), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pond_dump(ends[1]), -1);
    cr_assert_eq(errno, EPIPE);
    cr_assert_eq(pond_destroy(p), 0, "nothing has kept it");
}

static int answer;

static void dump_to(void *fd)
{
    answer = pond_dump(*(int *)fd);
}

/* The writing blocks; ponds come and go meanwhile, the one that stood there among them. */
Test(dump, a_slow_reader_keeps_no_pond)
{
    enum { PONDS = 1000 };
    static pond *ponds[PONDS];
    static char rest[1 << 20];
    int ends[2];
    for (int i = 0; i < PONDS; i++)
        ponds[i] = make("a pond whose name fills more of the pipe");
    cr_assert_eq(pipe(ends), 0);
    worker *w = worker_start();
    worker_begin(w, dump_to, &ends[1]);
    size_t length = 0;
    while (length < 4096)
        length += (size_t)read(ends[0], rest + length, 1);
    for (int i = 0; i < PONDS; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0, "errno %d", errno);
    pond *late = make("late");
    while (strstr(rest, "total=") == NULL || rest[length - 1] != '\n')
        length += (size_t)read(ends[0], rest + length, 4096);
    worker_wait(w);
    worker_end(w);
    cr_assert_eq(answer, 0);
    cr_assert_not_null(strstr(rest, "\nlate "), "what is there when the table comes to its end");
    cr_assert_eq(pond_destroy(late), 0);
}

static sem_t waits; /* posted by the dump that waits for its reader */

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    (void)timeout; /* by the clock, which stands still */
    if (__atomic_load_n(&clock_now, __ATOMIC_RELAXED) == 0)
        return __real_poll(fds, n, timeout);
    cr_assert_eq(sem_post(&waits), 0);
    return __real_poll(fds, n, TEST_ALARM * 1000);
}

enum { PIECES = 4 };

static void dump_and_close(void *fd)
{
    dump_to(fd);
    (void)close(*(int *)fd);
    for (int i = 0; i < PIECES; i++)
        (void)sem_post(&waits); /* it waits no more */
}

/* Where writing does not block, a reader has a second for each piece, and not for all of the table. */
Test(dump, has_patience_for_each_piece)
{
    enum { PONDS = 100, PIPE = 4096 };
    static pond *ponds[PONDS];
    static char piece[PIPE];
    int ends[2];
    for (int i = 0; i < PONDS; i++)
        ponds[i] = make("one of many");
    cr_assert_eq(pipe(ends) + sem_init(&waits, 0, 0), 0);
    cr_assert_geq(fcntl(ends[1], F_SETPIPE_SZ, PIPE), PIPE);
    cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    clock_freeze();
    worker *w = worker_start();
    worker_begin(w, dump_and_close, &ends[1]);
    for (int i = 0; i < PIECES; i++) {
        cr_assert_eq(sem_wait(&waits), 0);
        clock_pass(600);
        cr_assert_gt(read(ends[0], piece, PIPE), 0);
    }
    while (read(ends[0], piece, PIPE) > 0)
        continue;
    worker_wait(w);
    worker_end(w);
    cr_assert_eq(answer, 0, "it has given up");
    for (int i = 0; i < PONDS; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0);
}

/* ---- by name ---- */

Test(dump, finds_the_oldest_of_a_name)
{
    char longer[64] = "a-name-of-more-bytes-than-a-pond-keeps-of-it-which-are-47";
    pond *first = make("same"), *second = make("same"), *third = make(longer);
    pond_epoch_advance(); /* which orders the library's own list anew */
    cr_assert_eq(pond_find("same"), first);
    cr_assert_eq(pond_find(longer), third);
    cr_assert_eq(pond_find(pond_name(third)), third);
    cr_assert_eq(pond_destroy(first), 0);
    cr_assert_eq(pond_find("same"), second);
    errno = 0;
    cr_assert_null(pond_find("sam"));
    cr_assert_eq(errno, ENOENT);
    errno = 0;
    cr_assert_null(pond_find(NULL));
    cr_assert_eq(errno, EINVAL);
    cr_assert_eq(pond_destroy(second) + pond_destroy(third), 0);
}
