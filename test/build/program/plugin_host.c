/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads a plugin, uses it from threads, unloads it while they live, and lets them end; again and again, far
 * more often than a process may have keys of threads, if asked to. With musl nothing is ever unloaded:
 * `stays`.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 3, SECONDS = 60 };

static pthread_barrier_t used, unloaded;
static int (*use)(void);

static void fail(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    exit(1);
}

static void *body(void *unused)
{
    (void)unused;
    if (use() != 0)
        fail("the plugin's pond fails");
    (void)pthread_barrier_wait(&used);
    (void)pthread_barrier_wait(&unloaded);
    return NULL;
}

static void load_and_unload(const char *file, int stays)
{
    pthread_t threads[THREADS];
    int (*end)(void);
    void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL)
        fail(dlerror());
    *(void **)&use = dlsym(plugin, "plugin_use");
    *(void **)&end = dlsym(plugin, "plugin_end");
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, body, NULL) != 0)
            fail("pthread_create");
    (void)pthread_barrier_wait(&used);
    if (end() != 0)
        fail("pond_destroy");
    if (dlclose(plugin) != 0)
        fail(dlerror());
    (void)pthread_barrier_wait(&unloaded);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    if (!stays && dlopen(file, RTLD_NOW | RTLD_NOLOAD) != NULL)
        fail("the plugin is loaded yet: this test says nothing");
}

int main(int argc, char **argv)
{
    (void)alarm(SECONDS);
    if (argc < 3 || pthread_barrier_init(&used, NULL, THREADS + 1) != 0 ||
        pthread_barrier_init(&unloaded, NULL, THREADS + 1) != 0)
        fail("usage: plugin_host FILE TIMES [stays]");
    for (int i = atoi(argv[2]); i > 0; i--)
        load_and_unload(argv[1], argc > 3);
    return 0;
}
