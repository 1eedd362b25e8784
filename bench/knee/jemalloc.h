/* SPDX-License-Identifier: BSD-2-Clause */
/* What both kinds that use jemalloc share: its configuration, proved by what it says itself, and figures. */
#ifndef KNEE_JEMALLOC_H
#define KNEE_JEMALLOC_H

#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Time runs twenty times as fast as in a server: a tick of a second is one of 50 ms, ten seconds of decay 500
 * ms. */
#define DECAY_MS 500

static uint64_t jemalloc_number(const char *name)
{
    uint64_t number = 0; /* little-endian: also where jemalloc's type is narrower */
    size_t bytes = sizeof number;
    if (mallctl(name, &number, &bytes, NULL, 0) == 0)
        return number;
    unsigned narrow = 0;
    bytes = sizeof narrow;
    if (mallctl(name, &narrow, &bytes, NULL, 0) != 0)
        die(name);
    return narrow;
}

/* jemalloc reads its configuration before main: the program starts itself anew with it. */
static void jemalloc_configure(char **argv, const char *words)
{
    const char *now = getenv("MALLOC_CONF");
    if (now != NULL && strcmp(now, words) == 0)
        return;
    if (now != NULL && getenv("KNEE_CONFIGURED") != NULL)
        die("MALLOC_CONF does not stay as it was set");
    if (setenv("MALLOC_CONF", words, 1) != 0 || setenv("KNEE_CONFIGURED", "1", 1) != 0)
        die("no memory for MALLOC_CONF");
    execv("/proc/self/exe", argv);
    die("cannot start anew with MALLOC_CONF");
}

static void jemalloc_must_be(const char *name, uint64_t expected)
{
    if (jemalloc_number(name) != expected)
        die("jemalloc did not take its configuration");
}

/* Thread caches of `size` slots for every class up to 16 KiB; 0: as jemalloc has them. */
static void jemalloc_slots(size_t size, char **argv)
{
    char words[256];
    if (size == 0)
        (void)snprintf(words, sizeof words, "dirty_decay_ms:%d", DECAY_MS);
    else
        (void)snprintf(words, sizeof words,
                       "dirty_decay_ms:%d,tcache_nslots_small_min:%zu,tcache_nslots_small_max:%zu,"
                       "tcache_nslots_large:%zu",
                       DECAY_MS, size, size, size);
    jemalloc_configure(argv, words);
    jemalloc_must_be("opt.dirty_decay_ms", DECAY_MS);
    if (size == 0)
        return;
    jemalloc_must_be("opt.tcache_nslots_small_min", size);
    jemalloc_must_be("opt.tcache_nslots_small_max", size);
    jemalloc_must_be("opt.tcache_nslots_large", size);
}

#define ALL_ARENAS "stats.arenas.4096." /* MALLCTL_ARENAS_ALL */

static void jemalloc_read(struct kind_figures *f)
{
    uint64_t epoch = 1;
    size_t bytes = sizeof epoch;
    if (mallctl("epoch", &epoch, &bytes, &epoch, bytes) != 0)
        die("jemalloc has no epoch");
    f->mapped = jemalloc_number("stats.mapped");
    f->active = jemalloc_number("stats.active");
    f->taken = jemalloc_number(ALL_ARENAS "small.nmalloc") + jemalloc_number(ALL_ARENAS "large.nmalloc");
    f->missed = jemalloc_number(ALL_ARENAS "small.nfills") + jemalloc_number(ALL_ARENAS "large.nfills");
}

static const char *jemalloc_proof(void)
{
    static char text[128];
    const char *version = NULL;
    size_t bytes = sizeof version;
    if (mallctl("version", &version, &bytes, NULL, 0) != 0)
        die("jemalloc does not say its version");
    (void)snprintf(text, sizeof text, "jemalloc %.40s", version);
    return text;
}

#endif
