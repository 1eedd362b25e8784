/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program FLAGS ROOT PLUGIN [LATE]
 *
 * Loads PLUGIN, calls pond_prepare with these flags, goes to ROOT by chroot, loads LATE there, and then makes
 * a report (on stderr) and a profile (as text, on stdout) with frames of all of them. Ends with 77 if there
 * is no chroot for it.
 */
#include "../checked.h"
#include "write/source.h"
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pond/debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pond *conns;
static void *pcs[2][40];
static int counts[2], records;

static NOINLINE void record(void)
{
    counts[records] = backtrace(pcs[records], 40);
    records++;
    __asm__ volatile("");
}

static inline __attribute__((always_inline)) void note_inlined(void)
{
    record();
    __asm__ volatile("");
}

static NOINLINE void note(void)
{
    note_inlined();
    __asm__ volatile("");
}

/* Twice the same object. */
static NOINLINE void misuse(void)
{
    void *volatile object = pond_get(conns);
    pond_put(conns, object);
    pond_put(conns, object);
    __asm__ volatile("");
}

static int each(int (*row)(const pond_profile_row *, void *ctx), void *ctx)
{
    int stopped = 0;
    for (int i = 0; i < records && stopped == 0; i++) {
        pond_profile_row r = {.pond = "conns",
                              .type = "",
                              .pcs = (const void *const *)pcs[i],
                              .count = (size_t)counts[i],
                              .inuse_objects = 1,
                              .inuse_bytes = 8};
        stopped = row(&r, ctx);
    }
    return stopped;
}

static size_t rate(void)
{
    return 1;
}

static uint64_t lost(void)
{
    return 0;
}

static void write_profile(void)
{
    pond_profile_source source = POND_PROFILE_SOURCE;
    source.each = each;
    source.rate = rate;
    source.lost = lost;
    int (*write_from)(const pond_profile_source *, int, pond_profile_format, const char *) = NULL;
    void *library = dlopen("libpond-profile.so.0", RTLD_NOW);
    CHECK(library != NULL);
    *(void **)&write_from = dlsym(library, "pond_profile_write_from");
    CHECK(write_from(&source, 1, POND_PROFILE_TEXT, NULL) == 0);
}

typedef void plugin_function(void (*call)(void));

static plugin_function *load(const char *path, const char *name)
{
    plugin_function *function = NULL;
    void *library = dlopen(path, RTLD_NOW);
    if (library == NULL)
        printf("%s\n", dlerror());
    CHECK(library != NULL);
    *(void **)&function = dlsym(library, name);
    return function;
}

int main(int argc, char **argv)
{
    CHECK(argc >= 4);
    CHECK(backtrace(pcs[0], 40) > 0); /* it loads what it needs */
    unsigned flags = (unsigned)strtoul(argv[1], NULL, 0);
    plugin_function *early = load(argv[3], "plugin_early");
    CHECK(pond_prepare(4) == -1 && errno == EINVAL);
    if (flags == 0)
        CHECK(dlopen("libpond-profile.so.0", RTLD_NOW) != NULL);
    CHECK(pond_prepare(flags) == 0);
    if (chroot(argv[2]) != 0 || chdir("/") != 0)
        return 77;
    CHECK(access("/proc", F_OK) != 0);
    plugin_function *late = argc > 4 ? load(argv[4], "plugin_late") : NULL;
    CHECK(pond_debug_set("double,stacks=16,log") == 0);
    conns = pond_create(&(pond_options){.name = "conns", .size = 8});
    CHECK(conns != NULL);
    early(misuse);
    early(note);
    if (late != NULL)
        late(note);
    write_profile();
    return 0;
}
