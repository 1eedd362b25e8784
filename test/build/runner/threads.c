/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A runner that has threads, which allocate all the time: at any moment one may hold a lock of the allocator.
 * A runner whose workers allocated between fork and exec would wait for one that hangs.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(void *unused)
{
    (void)unused;
    for (;;) {
        void *blocks[64];
        for (int i = 0; i < 64; i++)
            blocks[i] = malloc((size_t)16 << i % 12);
        for (int i = 0; i < 64; i++)
            free(blocks[i]);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--test") == 0)
        return;
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, allocate, NULL);
    }
}

ParameterizedTestParameters(many, workers)
{
    static char parameters[60];
    return cr_make_param_array(char, parameters, sizeof parameters, NULL);
}

ParameterizedTest(char *parameter, many, workers, .timeout = 60)
{
    (void)parameter;
}
