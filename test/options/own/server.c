/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server for the test of bench/knee/own: server FILE [MODE]. It has a pond "conns" and writes to FILE how
 * many objects its caches hold. While there is a FILE.load, as many are idle, and half as many live. It ticks
 * fifty times a second until it is ended. MODE, where it is to do other than that:
 *
 *     worker  a child of it does the work
 *     dead    it ends at once, with status 3
 *     still   it never ticks
 *     mute    it makes no pond
 *     hour    it ends in the middle of the load
 */
#include <pond/pond.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OBJECT = 4096, MOST = 1016 };

static void *objs[2 * MOST];

static pond *make(const char *file)
{
    pond_stats s;
    pond *p = pond_create(&(pond_options){.name = "conns", .size = OBJECT, .cache_objects = 100});
    if (p == NULL)
        exit(1);
    pond_stats_read(p, &s);
    FILE *f = fopen(file, "w");
    if (f == NULL || fprintf(f, "%llu\n", (unsigned long long)s.cache_objects) < 0 || fclose(f) != 0)
        exit(1);
    return p;
}

/* Once more all that is cached, so that it is not dropped. */
static void work(pond *p, const char *load)
{
    pond_stats s;
    pond_stats_read(p, &s);
    size_t most = access(load, F_OK) == 0 ? s.cache_objects : 0;
    size_t n = pond_get_many(p, objs, most / 2 * 3);
    for (size_t i = 0; i < n; i++)
        memset(objs[i], 1, OBJECT);
    pond_put_many(p, objs, n);
    n = pond_get_many(p, objs, most / 2);
    (void)pond_epoch_advance();
    (void)usleep(20000);
    pond_put_many(p, objs, n);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[2] : "";
    char load[512];
    if (argc < 2 || strcmp(mode, "dead") == 0) {
        (void)fputs("it cannot bind\n", stderr);
        return 3;
    }
    pond *p = strcmp(mode, "mute") == 0 ? NULL : make(argv[1]);
    (void)snprintf(load, sizeof load, "%s.load", argv[1]);
    (void)printf("ready: %s\n", argv[1]);
    (void)fflush(stdout);
    if (strcmp(mode, "worker") == 0 && fork() > 0)
        return wait(NULL) > 0 ? 0 : 1;
    (void)sleep(p == NULL || strcmp(mode, "still") == 0 ? 60 : 0);
    for (int turns = 0; strcmp(mode, "hour") != 0 || turns < 10; turns++)
        work(p, load);
    (void)fputs("its hour has come\n", stderr);
    return 0;
}
