/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What MemorySanitizer is to know of ponds' memory, in a program built with it whole: uninitialised WHAT.
 *
 *     purged      objects hold bytes that nobody wrote, are put, and their pages go back to the system:
 *                 what is got there afterwards is zero
 *     zeroed      the same in a pond that wipes on put
 *     hooks       hooks look at such memory: construct at what is zero, reset, footprint and destroy at
 *                 objects
 *     read        a bug: an object is read after its put
 *     unwritten   a bug: bytes are read that nobody wrote, from an object that is live
 *
 * Prints "done" when nothing stopped it.
 */
#include <pond/pond.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 64

struct note {
    int length;
    char text[2044];
};

static struct note *notes[COUNT];
static void *volatile hidden; /* nothing the compiler could foresee */

static __attribute__((noinline)) void fill(struct note *n)
{
    char *unwritten = malloc(sizeof n->text);
    n->length = 1;
    memcpy(n->text, unwritten, sizeof n->text);
    free(unwritten);
}

static void be_zero(const struct note *n)
{
    const char *bytes = (const char *)n;
    for (size_t i = 0; i < sizeof *n; i++)
        if (bytes[i] != 0)
            abort();
}

static int note_construct(void *obj, void *ctx)
{
    (void)ctx;
    be_zero(obj);
    ((struct note *)obj)->length = 1;
    return 0;
}

static bool note_reset(void *obj, void *ctx)
{
    (void)ctx;
    return ((struct note *)obj)->length == 1;
}

static size_t note_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct note *)obj)->length == 1 ? 10 : 20;
}

static void note_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    if (((struct note *)obj)->length != 1)
        abort();
    fill(obj);
}

static void get_all(pond *p)
{
    if (pond_get_many(p, (void **)notes, COUNT) != COUNT)
        abort();
}

static void put_all(pond *p)
{
    pond_put_many(p, (void *const *)notes, COUNT);
}

/* Live ones stay, so that pages go back and not whole slabs. */
static void go_round(pond *p, bool hooks, bool ticks)
{
    struct note *kept = pond_get(p);
    pond_stats stats;
    for (int round = 0; round < 3; round++) {
        get_all(p);
        for (int i = 0; i < COUNT; i++) {
            if (!hooks)
                be_zero(notes[i]);
            fill(notes[i]);
        }
        put_all(p);
        for (int i = 0; ticks && i < 3; i++)
            (void)pond_epoch_advance();
        pond_stats_read(p, &stats);
        if (stats.live != 1 || stats.constructed == 0)
            abort();
    }
    pond_put(p, kept);
    if (pond_destroy(p) != 0)
        abort();
}

static void be_wrong(pond *p, bool put)
{
    struct note *n = pond_get(p);
    hidden = n;
    if (put)
        pond_put(p, n);
    else
        fill(n);
    n = hidden;
    if (n->text[7] == 1)
        puts("it was 1");
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    pond_options o = {.name = "notes", .size = sizeof(struct note)};
    bool zeroed = strcmp(what, "zeroed") == 0, hooks = strcmp(what, "hooks") == 0;
    if (zeroed)
        o.flags = POND_ZERO_ON_PUT;
    if (hooks) {
        o.construct = note_construct;
        o.reset = note_reset;
        o.footprint = note_footprint;
        o.destroy = note_destroy;
    }
    pond *p = pond_create(&o);
    if (p == NULL)
        return 1;
    if (zeroed || hooks || strcmp(what, "purged") == 0)
        go_round(p, hooks, !zeroed);
    else
        be_wrong(p, strcmp(what, "read") == 0);
    puts("done");
    return 0;
}
