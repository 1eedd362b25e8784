/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocates in ways that pond-scout tells apart: sites [TIMES]. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone)) static

struct conn {
    long fields[20];
};
struct note {
    char text[48];
};
struct session {
    char *in, *out;
    long fields[6];
};

/* Neither conn_new nor note_new has a frame while it runs: it is the last that they do. */
__attribute__((noinline, noclone)) void *obtain(size_t n)
{
    void *p = malloc(n);
    if (p == NULL)
        abort();
    return p;
}

__attribute__((noinline, noclone)) struct conn *conn_new(void)
{
    return obtain(sizeof(struct conn));
}

__attribute__((noinline, noclone)) struct note *note_new(void)
{
    return obtain(sizeof(struct note));
}

APART struct session *session_make(void)
{
    struct session *s = calloc(1, sizeof *s);
    s->in = malloc(4096);
    s->out = malloc(1024);
    return s;
}

APART void session_end(struct session *s)
{
    free(s->in);
    free(s->out);
    free(s);
}

APART void keep(void)
{
    static void **last;
    void **one = malloc(72);
    *one = last;
    last = one;
}

APART void grow(unsigned i)
{
    char *p = malloc(100 + i % 7);
    for (size_t n = 200; n <= 800; n *= 2)
        p = realloc(p, n);
    free(p);
}

APART void text(unsigned i)
{
    char *volatile p = malloc(1 + i % 500);
    p[0] = 1;
    free(p);
}

static struct note *handed;
static pthread_barrier_t turn;

static void *take(void *times)
{
    for (long i = 0; i < *(long *)times; i++) {
        pthread_barrier_wait(&turn);
        free(handed);
        pthread_barrier_wait(&turn);
    }
    return NULL;
}

APART void hand_over(long times)
{
    pthread_t thread;
    pthread_barrier_init(&turn, NULL, 2);
    pthread_create(&thread, NULL, take, &times);
    for (long i = 0; i < times; i++) {
        handed = note_new();
        pthread_barrier_wait(&turn);
        pthread_barrier_wait(&turn);
    }
    pthread_join(thread, NULL);
}

APART void all_entries(void)
{
    void *p = NULL;
    errno = 77;
    if (posix_memalign(&p, 256, 100) != 0 || (size_t)p % 256 != 0)
        abort();
    free(p);
    p = aligned_alloc(64, 128);
    free(p);
    p = memalign(128, 128);
    free(p);
    p = reallocarray(NULL, 10, 10);
    p = reallocarray(p, 20, 10);
    if (reallocarray(p, (size_t)1 << 62, 8) != NULL || errno != ENOMEM)
        abort();
    free(p);
    p = malloc(10);
    if (malloc_usable_size(p) < 10 || realloc(p, (size_t)1 << 62) != NULL)
        abort();
    errno = 77;
    free(p);
    if (errno != 77)
        abort();
}

int main(int argc, char **argv)
{
    long times = argc > 1 ? atol(argv[1]) : 20000;
    all_entries();
    for (long i = 0; i < times; i++) {
        struct conn *c = conn_new();
        struct session *s = session_make();
        c->fields[0] = i;
        keep();
        grow((unsigned)i);
        text((unsigned)i);
        session_end(s);
        free(c);
    }
    hand_over(times / 20);
    if (argc > 2) /* how a server may end */
        kill(getpid(), SIGKILL);
    return 0;
}
