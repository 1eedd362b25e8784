/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program whose bugs a memory checker is to find, though its objects come from a pond: idle WHAT.
 * `right` and `kept` have none. Prints "done" when nothing stopped it.
 */
#include <pond/pond.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conn {
    unsigned number;
    char *buffer;
    char text[11];
    char what;
};

struct odd {
    char text[13];
};

static int conn_construct(void *obj, void *ctx)
{
    struct conn *c = obj;
    (void)ctx;
    c->buffer = malloc(100);
    return c->buffer != NULL ? 0 : 12;
}

static bool conn_reset(void *obj, void *ctx)
{
    struct conn *c = obj;
    (void)ctx;
    bool rejected = c->what == 'r';
    c->number = 0;
    c->what = 0;
    memset(c->text, 0, sizeof c->text);
    return !rejected;
}

static size_t conn_footprint(const void *obj, void *ctx)
{
    const struct conn *c = obj;
    (void)ctx;
    return c->buffer != NULL ? 100 : 0;
}

static void conn_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    struct conn *c = obj;
    (void)why, (void)ctx;
    free(c->buffer);
    c->buffer = NULL;
}

/* Nothing the compiler could foresee. */
static void *volatile hidden;

static void *hide(void *obj)
{
    hidden = obj;
    return hidden;
}

static pond *conns(size_t max_idle_bytes)
{
    return pond_create(&(pond_options){.name = "conns",
                                       .size = sizeof(struct conn),
                                       .construct = conn_construct,
                                       .reset = conn_reset,
                                       .destroy = conn_destroy,
                                       .footprint = conn_footprint,
                                       .max_idle_bytes = max_idle_bytes});
}

static void use(struct conn *c)
{
    c->number++;
    snprintf(c->buffer, 100, "conn %u", c->number);
    memset(c->text, 'x', sizeof c->text);
    c->what = ' ';
}

#define MANY 300

/* Every way an object takes: reused, rejected, discarded, dropped by a limit, two ticks, a trim, the end. */
static void round_trips(pond *p)
{
    static struct conn *all[MANY];
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < MANY; i++)
            use(all[i] = pond_get(p));
        for (int i = 0; i < MANY; i++) {
            if (i % 7 == 1)
                all[i]->what = 'r';
            (i % 7 == 2 ? pond_discard : pond_put)(p, all[i]);
        }
        if (round == 1) {
            (void)pond_epoch_advance();
            (void)pond_epoch_advance();
        }
        if (round == 2)
            (void)pond_trim(p);
        (void)pond_reserve(p, MANY);
    }
}

static void be_right(pond *p)
{
    pond *exact = conns(10000);
    round_trips(p);
    round_trips(exact);
    if (pond_destroy(p) != 0 || pond_destroy(exact) != 0)
        abort();
}

/* What an object keeps is defined when it is got again; and what idle ones own at exit is not lost. */
static void be_kept(pond *p)
{
    struct conn *c = pond_get(p);
    use(c);
    pond_put(p, c);
    c = pond_get(p);
    if (c->number != 0 || strncmp(c->buffer, "conn ", 5) != 0)
        abort();
    pond_put(p, c);
}

static void be_wrong(pond *p, const char *what)
{
    struct conn *c = pond_get(p), *live = pond_get(p);
    c = hide(c);
    use(c);
    if (strcmp(what, "neighbour") == 0)
        *(char *)hide(c + 1) = 1;
    pond_put(p, c);
    if (strcmp(what, "read") == 0 && c->number > 5)
        puts("");
    if (strcmp(what, "write") == 0)
        c->number = 1;
    if (strcmp(what, "last") == 0)
        c->what = 1;
    if (strcmp(what, "memset") == 0)
        memset(hide(c), 0, sizeof *c);
    pond_put(p, live);
    (void)pond_destroy(p);
}

/* An object whose last eight bytes are not all its own: a byte behind it, or its last byte after put. */
static void be_odd(bool after_put)
{
    pond *p = pond_create(&(pond_options){.name = "odds", .size = sizeof(struct odd), .align = 1});
    struct odd *o = pond_get(p);
    memset(hide(o), 1, sizeof *o);
    if (!after_put)
        *((char *)hide(o) + sizeof *o) = 1;
    pond_put(p, o);
    if (after_put)
        *((char *)hide(o) + sizeof *o - 1) = 1;
    (void)pond_destroy(p);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    pond *p = conns(0);
    if (p == NULL)
        return 1;
    if (strcmp(what, "right") == 0)
        be_right(p);
    else if (strcmp(what, "kept") == 0)
        be_kept(p);
    else if (strcmp(what, "overflow") == 0)
        be_odd(false);
    else if (strcmp(what, "odd") == 0)
        be_odd(true);
    else
        be_wrong(p, what);
    puts("done");
    return 0;
}
