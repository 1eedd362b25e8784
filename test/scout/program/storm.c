/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that allocate as fast as they can, objects that change hands, and forks of both kinds meanwhile,
 * whose children allocate too. Prints how many objects of 96 bytes were got by the parent; 1: memory was not
 * as it was left.
 */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, TIMES = 1000000, PLACES = 256, SIZE = 96 };

static _Atomic(unsigned char *) places[PLACES];
static atomic_ulong got;
static atomic_int wrong;

__attribute__((noinline)) static unsigned char *object_new(void)
{
    unsigned char *p = malloc(SIZE);
    memset(p, (int)((size_t)p >> 4 & 0xff), SIZE);
    return p;
}

/* A compiler may leave out a pair that nobody looks into. */
__attribute__((noinline)) static void pair(size_t size)
{
    void *volatile p = malloc(size);
    free(p);
}

static void object_end(unsigned char *p)
{
    for (int i = 0; p != NULL && i < SIZE; i++)
        if (p[i] != ((size_t)p >> 4 & 0xff))
            atomic_store(&wrong, 1);
    free(p);
}

static void *run(void *seed)
{
    unsigned draw = (unsigned)(size_t)seed;
    for (int i = 0; i < TIMES; i++) {
        draw = draw * 1664525 + 1013904223;
        object_end(atomic_exchange(&places[(draw >> 8) % PLACES], object_new()));
        pair(draw >> 22);
    }
    atomic_fetch_add(&got, TIMES);
    return NULL;
}

static void child(void)
{
    for (int i = 0; i < 1000; i++)
        pair(32);
    _exit(0);
}

static void fork_some(void)
{
    for (int i = 0; i < 8; i++) {
        int status;
        pid_t pid = i % 2 == 0 ? fork() : (pid_t)syscall(SYS_fork);
        if (pid == 0)
            child();
        if (waitpid(pid, &status, 0) != pid || status != 0)
            atomic_store(&wrong, 1);
    }
}

int main(void)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run, (void *)(i + 1));
    fork_some();
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < PLACES; i++)
        object_end(places[i]);
    printf("%lu\n", atomic_load(&got));
    return atomic_load(&wrong);
}
