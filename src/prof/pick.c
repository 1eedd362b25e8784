// SPDX-License-Identifier: BSD-2-Clause
// Values and filters.
#include "pick.h"

#include <stdlib.h>
#include <string.h>

bool pick_focus(pick *k, const char *expression, trouble *t)
{
    if (k->focus != NULL)
        regfree(&k->expression);
    k->focus = NULL;
    int error = regcomp(&k->expression, expression, REG_EXTENDED | REG_NOSUB);
    if (error != 0) {
        char why[120];
        regerror(error, &k->expression, why, sizeof why);
        return fail(t, "--focus '%s' is not a regular expression: %s.", expression, why);
    }
    k->focus = expression;
    return true;
}

void pick_free(pick *k)
{
    if (k->focus != NULL)
        regfree(&k->expression);
    free(k->known);
    *k = (pick){0};
}

bool pick_type(const pick *k, const profile *p, size_t *type, trouble *t)
{
    *type = p->usual;
    if (k->value == NULL)
        return true;
    char list[300] = "";
    for (size_t i = 0; i < p->type_count; i++) {
        if (strcmp(p->types[i].name, k->value) == 0) {
            *type = i;
            return true;
        }
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%.60s", i == 0 ? "" : ", ", p->types[i].name);
    }
    return fail(t, "it has no values '%s', but %s.", k->value, list);
}

static bool frame_matches(pick *k, const names *all, uint32_t number)
{
    if (k->known == NULL)
        k->known = allocate(all->count, 1);
    unsigned char *known = &k->known[number];
    if (*known == 0) {
        const frame *f = &all->frames[number];
        bool matches = regexec(&k->expression, f->name, 0, NULL, 0) == 0 ||
                       regexec(&k->expression, f->file, 0, NULL, 0) == 0;
        *known = matches ? 2 : 1;
    }
    return *known == 2;
}

bool pick_takes(pick *k, const names *all, const sample *s)
{
    if (k->pond != NULL && strcmp(k->pond, s->pond) != 0)
        return false;
    if (k->state != NULL && strcmp(k->state, s->state) != 0)
        return false;
    if (k->focus == NULL)
        return true;
    for (size_t i = 0; i < s->count; i++) {
        if (frame_matches(k, all, s->frames[i]))
            return true;
    }
    return false;
}

enum { LISTED = 12 };

typedef struct list {
    const char *names[LISTED];
    size_t count;
    bool more;
} list;

static void list_add(list *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->names[i], name) == 0)
            return;
    }
    if (name[0] == '\0')
        return;
    if (l->count < LISTED)
        l->names[l->count++] = name;
    else
        l->more = true;
}

static void list_note(const list *l, const char *what, const char *wanted)
{
    progress_end();
    fprintf(stderr, "pond-prof: no sample has the %s '%s'; ", what, wanted);
    fputs(l->count == 0 ? "none is labelled with one" : "there are: ", stderr);
    for (size_t i = 0; i < l->count; i++) {
        fputs(i == 0 ? "" : ", ", stderr);
        put_name(stderr, l->names[i]);
    }
    fputs(l->more ? ", and more.\n" : ".\n", stderr);
}

void pick_explain(const pick *k, const profile *p)
{
    list ponds = {0}, states = {0};
    bool pond = k->pond == NULL, state = k->state == NULL;
    for (size_t i = 0; i < p->count; i++) {
        list_add(&ponds, p->samples[i].pond);
        list_add(&states, p->samples[i].state);
        pond = pond || strcmp(p->samples[i].pond, k->pond) == 0;
        state = state || strcmp(p->samples[i].state, k->state) == 0;
    }
    if (p->count == 0)
        note("the profile has no samples.");
    else if (!pond)
        list_note(&ponds, "pond", k->pond);
    else if (!state)
        list_note(&states, "state", k->state);
    else
        note("no sample matches.");
}
