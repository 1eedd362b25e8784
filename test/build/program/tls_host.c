/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host with many extensions: tls_host PLUGIN [FILLER...]. Each filler takes some of the storage for threads
 * that the loader has in reserve; as many are loaded as there is room for, and then the plugin. It is used by
 * the first thread, by one that was there before it, and by one that comes after.
 *
 * Prints how many fillers were loaded. Ends with 3 and the loader's words when the plugin cannot be loaded.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_barrier_t loaded;
static int (*use)(void);

static void fail(int status, const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    exit(status);
}

static void *use_it(void *wait)
{
    if (wait != NULL)
        (void)pthread_barrier_wait(&loaded);
    if (use() != 0)
        fail(1, "the plugin's pond fails");
    return NULL;
}

static int load_fillers(char **files)
{
    int count = 0;
    while (files[count] != NULL && dlopen(files[count], RTLD_NOW | RTLD_LOCAL) != NULL)
        count++;
    return count;
}

int main(int argc, char **argv)
{
    pthread_t before, after;
    if (argc < 2 || pthread_barrier_init(&loaded, NULL, 2) != 0 ||
        pthread_create(&before, NULL, use_it, argv) != 0)
        fail(2, "usage: tls_host PLUGIN [FILLER...]");
    (void)printf("%d\n", load_fillers(argv + 2));
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL)
        fail(3, dlerror());
    *(void **)&use = dlsym(plugin, "plugin_use");
    int (*end)(void);
    *(void **)&end = dlsym(plugin, "plugin_end");
    (void)use_it(NULL);
    (void)pthread_barrier_wait(&loaded);
    (void)pthread_join(before, NULL);
    if (pthread_create(&after, NULL, use_it, NULL) != 0)
        fail(2, "pthread_create");
    (void)pthread_join(after, NULL);
    if (end() != 0)
        fail(1, "pond_destroy");
    return 0;
}
