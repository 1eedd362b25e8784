// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer: any bytes, as a file of pond-prof: inflated, decoded, then listed, compared with themselves and
// drawn.
#include "../flame/flame.h"
#include "judged.h"
#include "stacks.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What a picture has in it is text without control characters, whatever the profile's names are.
static void check_picture(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
            abort();
    }
    const char *frames = strstr(text, "<g class=\"frames\">"), *end = strstr(text, "<script>");
    if (frames == NULL || end == NULL || strncmp(end + strlen("<script>"), "<![CDATA[", 9) != 0)
        abort();
}

static FILE *opened(char **text, size_t *size)
{
    FILE *file = open_memstream(text, size);
    if (file == NULL)
        abort();
    return file;
}

static void list(const profile *p, names *all, pick *k, bool difference)
{
    char *text;
    size_t size;
    FILE *out = opened(&text, &size);
    table sums = {0};
    table_add(&sums, LIVE, p, all, k, p->usual);
    if (difference)
        table_add(&sums, BASE, p, all, k, 0);
    table_style style = {
        .unit = p->types[p->usual].unit, .difference = difference, .cum = difference, .most = 30};
    table_print(out, &sums, all, &style);
    fclose(out);
    table_free(&sums);
    free(text);
}

static void picture(const profile *p, names *all, pick *k, bool difference)
{
    char *text;
    size_t size;
    FILE *out = opened(&text, &size);
    tree sums = {0};
    tree_add(&sums, LIVE, p, all, k, p->usual);
    if (difference)
        tree_add(&sums, BASE, p, all, k, 0);
    tree_sum(&sums, difference);
    flame_style style = {
        .title = "fuzz", .subtitle = "fuzz", .unit = p->types[p->usual].unit, .difference = difference};
    if (!flame_draw(out, &sums, all->frames, &style))
        abort();
    fclose(out);
    check_picture(text, size);
    tree_free(&sums);
    free(text);
}

static void judge(const profile *p, const names *all)
{
    char *text;
    size_t size;
    judgement j;
    trouble t = {""};
    if (!judgement_make(&j, p, 60, &t)) {
        if (t.text[0] == '\0')
            abort();
        return;
    }
    FILE *out = opened(&text, &size);
    for (size_t i = 0; i < j.count && i < 20; i++)
        put_judged(out, all, &j.all[i]);
    fclose(out);
    judgement_free(&j);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes b = {0};
    trouble t = {""};
    names all = {0};
    profile p;
    bytes_reserve(&b, size + 1);
    if (size > 0)
        memcpy(b.data, data, size);
    b.size = size;
    if (!bytes_gunzip(&b, &t) || !profile_decode(&p, &all, &b, &t)) {
        if (t.text[0] == '\0')
            abort();
    } else {
        pick any = {0}, focused = {.state = "live"};
        if (!pick_focus(&focused, "a|grow", &t))
            abort();
        names_mark_shared(&all);
        list(&p, &all, &any, false);
        list(&p, &all, &focused, true);
        picture(&p, &all, &any, false);
        picture(&p, &all, &focused, true);
        judge(&p, &all);
        pick_free(&any);
        pick_free(&focused);
        profile_free(&p);
    }
    names_free(&all);
    bytes_free(&b);
    return 0;
}
