/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints stacks frame by frame, as reports do: program plain|signal|thread|wait|plugin FILE|field TYPE
 * OFFSET... Linked with libpond.a, whose own names are within reach.
 */
#include "../../../src/check/module.h"
#include "../../../src/check/stack.h"
#include "../../../src/check/words.h"
#include "frames.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the place of the library's public function. */
__attribute__((noinline)) void frames_here(void)
{
    size_t count;
    char text[1024];
    const void *const *pcs = stack_frames(stack_capture(__builtin_return_address(0), STACK_MOST), &count);
    for (size_t i = 0; i < count; i++) {
        (void)module_describe(pcs[i], text, sizeof text);
        printf("#%zu\n%s\n", i, text);
    }
    (void)fflush(stdout);
}

static inline __attribute__((always_inline)) void innermost(void)
{
    frames_here();
    STAY();
}

static inline __attribute__((always_inline)) void inlined(void)
{
    STAY();
    innermost();
}

/* Exported by -rdynamic. The frame pointer is no frame pointer here. */
void exported(int depth);

__attribute__((noinline)) void exported(int depth)
{
    uintptr_t values[8];
    for (size_t i = 0; i < 8; i++)
        values[i] = (uintptr_t)rand();
    if (depth > 0)
        exported(depth - 1);
    else
        inlined();
    for (size_t i = 0; i < 8; i++)
        __asm__ volatile("" : : "r"(values[i]));
}

/* In cxx.cc, if that is linked. */
void cxx_frames(void) __attribute__((weak));

static void on_signal(int number)
{
    (void)number;
    inlined();
}

static void *on_thread(void *depth)
{
    exported(*(int *)depth);
    return NULL;
}

/* On less stack than libdw needs. */
static void run_threads(void)
{
    pthread_t threads[2];
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, (size_t)64 << 10);
    for (int i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], &attributes, on_thread, &(int){2});
        (void)pthread_join(threads[i], NULL);
    }
}

#ifdef STATIC
static int run_plugin(const char *file)
{
    (void)file;
    return 1;
}
#else
/* The symbolizer has seen the modules before this one is there. */
static int run_plugin(const char *file)
{
    exported(0);
    printf("plugin\n");
    void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void (*run)(void (*)(void)) = NULL;
    if (plugin != NULL)
        *(void **)&run = dlsym(plugin, "plugin_run");
    if (run == NULL) {
        printf("%s\n", dlerror());
        return 1;
    }
    run(frames_here);
    return 0;
}
#endif

static void run_after_line(void)
{
    printf("waiting\n");
    (void)fflush(stdout);
    (void)getchar();
    exported(3);
}

static void print_field(const char *type, const char *offset)
{
    char text[200];
    size_t length = module_field(type, strtoul(offset, NULL, 0), text, sizeof text);
    printf("%s %s %s\n", type, offset, length == 0 ? "-" : text);
}

static int run(int n, char **arguments)
{
    const char *mode = n > 1 ? arguments[1] : "plain";
    if (strcmp(mode, "plugin") == 0)
        return run_plugin(arguments[2]);
    if (strcmp(mode, "field") == 0)
        for (int i = 3; i < n; i++)
            print_field(arguments[2], arguments[i]);
    else if (strcmp(mode, "signal") == 0)
        (void)(signal(SIGUSR1, on_signal) == SIG_ERR || raise(SIGUSR1));
    else if (strcmp(mode, "cxx") == 0 && cxx_frames != NULL)
        cxx_frames();
    else if (strcmp(mode, "thread") == 0)
        run_threads();
    else if (strcmp(mode, "wait") == 0)
        run_after_line();
    else
        exported(3);
    return 0;
}

int main(int n, char **arguments)
{
    STORE(check_settings.stacks, 16);
    return run(n, arguments);
}
