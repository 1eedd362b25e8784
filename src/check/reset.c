/* SPDX-License-Identifier: BSD-2-Clause */
/* What reset left behind: the object against its declared fields and its state after construct. */
#include "reset.h"
#include "aside.h"
#include "module.h"
#include "report.h"
#include "secret.h"
#include <stdio.h>
#include <string.h>

/*
 * Inverts the bits of a snapshot, where a tool is told. A snapshot has pointers that the object may have no
 * longer, and a search for leaks is not to find them; so it is kept inverted, and inverted again to be read.
 */
static void invert_snapshot(const struct check *c, struct record *r)
{
    unsigned char *bytes = record_snapshot(c, r);
    for (size_t i = 0; check_tools() && i < c->size; i++)
        bytes[i] = (unsigned char)~bytes[i];
}

void reset_remember(struct pond *p, void *obj, struct record *r)
{
    const struct check *c = check_of(p);
    memcpy(record_snapshot(c, r), obj, c->size);
    secret_wipe(p, record_snapshot(c, r), c->size); /* such fields must be zero, whatever construct left */
    invert_snapshot(c, r);
    r->made = true;
}

/* ---- the report ---- */

struct leftover {
    struct pond *pond;
    const unsigned char *obj;
    size_t offset, size;
    const char *field;        /* declared or found; NULL: none is */
    const unsigned char *was; /* after construct; NULL: zero */
    bool looked_up;           /* the whole field was looked for, where none is declared */
    char found[96], place[160], more[200];
    struct finding finding;
};

static bool is_in_field(const struct pond *p, size_t offset, const char *field)
{
    char other[96];
    return offset < p->options.size &&
           module_field(p->options.type->name, offset, other, sizeof(other)) > 0 && strcmp(other, field) == 0;
}

/* Makes of what differs the whole field that it lies in, where debug information tells. */
static void widen(void *argument)
{
    struct leftover *l = argument;
    const pond_type *type = l->pond->options.type;
    l->looked_up = true;
    if (type == NULL || type->name == NULL ||
        module_field(type->name, l->offset, l->found, sizeof(l->found)) == 0)
        return;
    size_t begin = l->offset, end = begin + 1;
    while (begin > 0 && is_in_field(l->pond, begin - 1, l->found))
        begin--;
    while (is_in_field(l->pond, end, l->found))
        end++;
    l->was -= l->offset - begin;
    l->offset = begin;
    l->size = end - begin;
    l->field = l->found;
}

/* Writes the place: "conn.token, 16 bytes at offset 24", or without a name "16 bytes at offset 24". */
static void name_place(const struct pond *p, const struct leftover *l, char *text, size_t n)
{
    const pond_type *type = p->options.type;
    const char *field = l->field, *name = type != NULL && type->name != NULL ? type->name : "";
    if (strncmp(name, "struct ", 7) == 0)
        name += 7;
    int at = field == NULL ? 0 : snprintf(text, n, "%s%s%s, ", name, *name != '\0' ? "." : "", field);
    if (at >= 0 && (size_t)at < n)
        (void)snprintf(text + at, n - (size_t)at, "%zu byte%s at offset %zu", l->size,
                       l->size == 1 ? "" : "s", l->offset);
}

/* True: the bytes that are not zero are all secret; *first and *last are where they lie. */
static bool is_secret(const struct pond *p, const struct leftover *l, const unsigned char *is, size_t *first,
                      size_t *last)
{
    bool any = false;
    for (size_t i = 0; i < l->size; i++) {
        if (is[i] == 0)
            continue;
        if (!secret_at(p, l->offset + i))
            return false;
        *first = any ? *first : l->offset + i;
        *last = l->offset + i;
        any = true;
    }
    return any;
}

/* Writes what the bytes were and what they are; of a secret only where it is. */
static void show_bytes(const struct pond *p, const struct leftover *l, const unsigned char *is, char *text,
                       size_t n)
{
    static const unsigned char zero[SECRET_SHOWN];
    size_t first = 0, last = 0;
    if (is_secret(p, l, is, &first, &last)) {
        (void)snprintf(text, n,
                       "    not zero from offset %zu to %zu; what is there is POND_SENSITIVE and not shown",
                       first, last);
        return;
    }
    size_t at = (size_t)snprintf(text, n, "    was ");
    at += secret_text(p, l->offset, l->was != NULL ? l->was : zero, l->size, text + at, n - at);
    at += (size_t)snprintf(text + at, n - at, ", is ");
    (void)secret_text(p, l->offset, is, l->size, text + at, n - at);
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
    return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

/* Composes the sentence and the bytes. Takes much of a stack: to be called aside. */
static void compose_leftover(void *argument)
{
    struct leftover *l = argument;
    struct pond *p = l->pond;
    bool hook = p->options.reset != NULL, clear = l->was == NULL || is_zero(l->was, l->size);
    name_place(p, l, l->place, sizeof(l->place));
    show_bytes(p, l, l->obj + l->offset, l->more, sizeof(l->more));
    l->finding.offset = l->offset;
    l->finding.size = l->size;
    finding_say(&l->finding, "%s %s %s", hook ? "reset does not" : "no reset hook",
                hook ? (clear ? "clear" : "restore") : "clears", l->place);
}

/* Completes the finding with the field's name, for which files are opened. */
static bool name_leftover(void *argument)
{
    struct leftover *l = argument;
    widen(l);
    if (l->field != NULL)
        compose_leftover(l);
    return l->field != NULL;
}

static void report_leftover(struct leftover *l, const struct record *r, struct event here)
{
    bool hook = l->pond->options.reset != NULL;
    l->finding = (struct finding){
        .word = "reset",
        .pond = l->pond,
        .object = l->obj,
        .more = l->more,
        .complete = l->field == NULL ? name_leftover : NULL,
        .completed = l,
        .advice = hook ? "add the missing line to the reset hook, or declare the field POND_KEPT"
                       : "give the pond a reset hook, or POND_ZERO_ON_PUT"};
    aside_do(compose_leftover, l);
    finding_event(&l->finding, ROLE_PUT_HERE, here);
    finding_event(&l->finding, ROLE_GOT, r->got);
    report(&l->finding);
}

/* ---- declared fields ---- */

static NOT_INLINED void report_declared(struct pond *p, const unsigned char *obj, const struct record *r,
                                        struct event here, const pond_field *field)
{
    struct leftover l = {
        .pond = p, .obj = obj, .offset = field->offset, .size = field->size, .field = field->name};
    report_leftover(&l, r, here);
}

static void check_declared(struct pond *p, const unsigned char *obj, const struct record *r,
                           struct event here)
{
    const pond_type *type = p->options.type;
    for (size_t i = 0; type != NULL && i < type->field_count; i++) {
        const pond_field *field = &type->fields[i];
        if (field->kind != POND_FIELD_KEPT && !is_zero(obj + field->offset, field->size))
            report_declared(p, obj, r, here, field);
    }
}

/* ---- the rest, by byte ---- */

/* The end of the declared field that holds this offset; 0: none does. */
static size_t declared_end(const pond_type *type, size_t offset)
{
    for (size_t i = 0; type != NULL && i < type->field_count; i++)
        if (offset >= type->fields[i].offset && offset < type->fields[i].offset + type->fields[i].size)
            return type->fields[i].offset + type->fields[i].size;
    return 0;
}

#define GAP 4 /* equal bytes within what is taken for one field: a number's zeros */

/* The end of what differs from here on as one piece. */
static size_t differing_end(const struct pond *p, const unsigned char *obj, const unsigned char *was,
                            size_t from)
{
    size_t end = from + 1;
    for (size_t i = end; i < p->options.size && i < end + GAP; i++) {
        if (declared_end(p->options.type, i) > 0)
            break;
        if (obj[i] != was[i])
            end = i + 1;
    }
    return end;
}

/* Reports a place where nothing is declared, and returns where it ends. The field is looked up here where the
   report did not, since it was known. */
static NOT_INLINED size_t report_found(struct pond *p, const unsigned char *obj, const struct record *r,
                                       struct event here, size_t offset, size_t end)
{
    struct leftover l = {.pond = p, .obj = obj, .offset = offset, .size = end - offset};
    l.was = record_snapshot(check_of(p), (struct record *)(uintptr_t)r) + offset;
    report_leftover(&l, r, here);
    if (!l.looked_up) {
        struct aside *a = aside_take(ASIDE_AMPLE);
        aside_call(a, widen, &l);
        aside_give(a);
    }
    return l.offset + l.size;
}

static void check_rest(struct pond *p, const unsigned char *obj, struct record *r, struct event here)
{
    const unsigned char *was = record_snapshot(check_of(p), r);
    for (size_t i = 0; i < p->options.size; i++) {
        if (obj[i] == was[i])
            continue;
        size_t declared = declared_end(p->options.type, i);
        size_t end = declared > 0 ? declared : differing_end(p, obj, was, i);
        if (declared == 0)
            end = MAX(end, report_found(p, obj, r, here, i, end));
        i = end - 1;
    }
}

void reset_check(struct pond *p, void *obj, struct record *r, struct event here)
{
    const pond_options *o = &p->options;
    check_declared(p, obj, r, here);
    bool comparable = o->reset != NULL && r->made && r->born == LOAD(check_of(p)->generation) &&
                      (o->flags & POND_ZERO_ON_PUT) == 0;
    if (!comparable)
        return;
    invert_snapshot(check_of(p), r);
    if (memcmp(obj, record_snapshot(check_of(p), r), o->size) != 0)
        check_rest(p, obj, r, here);
    invert_snapshot(check_of(p), r);
}
