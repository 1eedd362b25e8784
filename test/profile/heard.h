/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the trace that a test hears, and what they say. */
#ifndef TEST_PROFILE_HEARD_H
#define TEST_PROFILE_HEARD_H

#include "test.h"

#include "../../src/profile/trace.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines that are heard ---- */

enum { MOST = 4096 };

static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;
static char *heard[MOST];
static size_t heard_count;

static __attribute__((unused)) void hear(const char *line, void *ctx)
{
    pthread_mutex_lock(&heard_lock);
    must(ctx == heard && heard_count < MOST, "of %zu", heard_count);
    heard[heard_count++] = strdup(line);
    pthread_mutex_unlock(&heard_lock);
}

static __attribute__((unused)) void begin(void)
{
    must(pond_debug_set("off") == 0, "words that watch take another way");
    pond_on_trace(hear, heard);
    trace_on(true);
}

static __attribute__((unused)) void end(void)
{
    trace_on(false);
    while (heard_count > 0)
        free(heard[--heard_count]);
}

/* ---- what a line says ---- */

/* The value of the key, up to the end of the line. */
static __attribute__((unused)) const char *value(const char *line, const char *key)
{
    char before[64];
    (void)snprintf(before, sizeof(before), " %s=", key);
    const char *at = strstr(line, before);
    must(at != NULL && strstr(at + 1, before) == NULL, "%s is not once in %s", key, line);
    return at + strlen(before);
}

static __attribute__((unused)) uint64_t number(const char *line, const char *key)
{
    char *rest;
    uint64_t n = strtoull(value(line, key), &rest, 10);
    must(*rest == ' ' || *rest == '\0', "%s in %s", key, line);
    return n;
}

/* One of the three of "idle=1/2/3". */
static __attribute__((unused)) uint64_t part(const char *line, const char *key, int which)
{
    const char *at = value(line, key);
    while (which-- > 0)
        at = strchr(at, '/') + 1;
    return strtoull(at, NULL, 10);
}

static __attribute__((unused)) uint64_t idle_of(const char *line)
{
    return part(line, "idle", 0) + part(line, "idle", 1) + part(line, "idle", 2);
}

static __attribute__((unused)) const char *tick(void)
{
    size_t before = heard_count;
    pond_epoch_advance();
    cr_assert_eq(heard_count, before + 1);
    return heard[before];
}

#endif
