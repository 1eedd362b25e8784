/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every program of the corpus shares. A program is one misuse and its right twin: run with the
 * argument `wrong` it makes the mistake, with `right` it does the same work as it should be done. Comments
 * among its first lines tell test/misuse/run what to expect:
 *
 *     // misuse: double put by two threads     the row of the table
 *     // word: double                          which check catches it
 *     // debug: guard=1/1                      POND_DEBUG, where the word alone is not enough
 *     // report: put before: thread            words that the report must hold; any number of these
 *     // order: first second                   words that it must hold one after the other
 *     // log: no                               it does not go on to its end under `log`
 *     // ends: segv                            wrong ends so rather than with a report: segv, or a status
 *     // twice                                 equal outcome of two runs with one seed, another of some other
 *     // asan: use-after-poison                a sanitizer may be first, and says this (a pattern)
 *     // link: -rdynamic                      more flags to link it with
 *     // std: c++17                            the C++ standard, else c++11
 */
#ifndef TEST_MISUSE_MISUSE_H
#define TEST_MISUSE_MISUSE_H

#include <pond/pond.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct conn {
    int fd;
    char token[16];
    struct conn *next;
};

static bool wrong;

static void program(void);

int main(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "wrong") != 0 && strcmp(argv[1], "right") != 0)) {
        fprintf(stderr, "usage: %s wrong|right\n", argv[0]);
        return 2;
    }
    wrong = strcmp(argv[1], "wrong") == 0;
    program();
    puts("ended");
    return 0;
}

/* The program itself failed: neither its misuse nor its right way came to pass. */
static inline void expect(bool so, const char *what)
{
    if (!so) {
        fprintf(stderr, "the program expected: %s\n", what);
        _exit(99);
    }
}

static inline pond *make(pond_options options)
{
    pond *p = pond_create(&options);
    expect(p != NULL, "a pond");
    return p;
}

static inline pond *make_plain(const char *name, size_t size)
{
    pond_options options;
    memset(&options, 0, sizeof options);
    options.name = name;
    options.size = size;
    return make(options);
}

static inline pond *make_conns(void)
{
    return make_plain("conns", sizeof(struct conn));
}

__attribute__((always_inline)) static inline void *must_get(pond *p)
{
    void *obj = pond_get(p);
    expect(obj != NULL, "an object");
    return obj;
}

/* The right program leaves nothing live. */
static inline void end(pond *p)
{
    int status = pond_destroy(p);
    expect(status == 0 || wrong, "no live object at the end");
}

static inline void run_thread(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    expect(pthread_create(&thread, NULL, body, arg) == 0, "a thread");
    pthread_join(thread, NULL);
}

/* A pond and an object of it, for another thread. */
struct pair {
    pond *p;
    void *obj;
};

#endif
