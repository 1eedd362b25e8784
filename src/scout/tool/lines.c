// SPDX-License-Identifier: BSD-2-Clause
// The lines of C to write for the best ones.
#include "scout.h"

#include <ctype.h>
#include <string.h>

enum { BEST = 5 };

// A name for the pond: the type's, or the function's without what says that it makes one.
static void name_of(const group *g, char *name, size_t size)
{
    static const char *const endings[] = {"_open", "_new", "_create", "_alloc", "_get", "_init", "_make"};
    const char *space = g->type != NULL ? strrchr(g->type, ' ') : NULL;
    bool created = g->parts > 0;
    const char *from = created           ? g->site->function
                       : space != NULL   ? space + 1
                       : g->type != NULL ? g->type
                                         : g->site->function;
    size_t length = 0;
    for (; from[length] != '\0' && length + 1 < size; length++)
        name[length] = isalnum((unsigned char)from[length]) ? from[length] : '_';
    name[length] = '\0';
    for (size_t i = 0; (created || g->type == NULL) && i < sizeof endings / sizeof *endings; i++) {
        size_t end = strlen(endings[i]);
        if (length > end && strcmp(name + length - end, endings[i]) == 0)
            name[length -= end] = '\0';
    }
}

static void put_where(FILE *out, const frame *f)
{
    fprintf(out, "%s", f->function);
    if (f->file != NULL)
        fprintf(out, ", %s:%d", base_name(f->file), f->line);
}

static void put_typed(FILE *out, const group *g, const char *name)
{
    const char *type = g->type != NULL ? g->type : "YOUR_TYPE";
    if (g->type == NULL)
        fprintf(out, "    /* YOUR_TYPE: what has %llu bytes */\n", (unsigned long long)g->pond_size);
    fprintf(out, "    POND_DECLARE(pond_%s, %s)\n    POND_DEFINE(pond_%s, %s, .name = \"%s\")\n", name, type,
            name, type, name);
    fprintf(out, "    pond_%s_get()   /* in place of %s in ", name, g->all.cleared > 0 ? "calloc" : "malloc");
    put_where(out, g->site);
    fprintf(out, " */\n    pond_%s_put(p)  /* in place of free", name);
}

static void put_created(FILE *out, const group *g, const char *name)
{
    fprintf(out,
            "    pond *%s = pond_create(&(pond_options){.name = \"%s\", .create = %s, .destroy = ...});\n",
            name, name, g->site->function);
    fprintf(out,
            "    pond_get(%s)     /* in place of %s: an idle object keeps its %u allocations, about %.0f "
            "bytes */\n",
            name, g->site->function, g->parts, g->object_bytes);
    fprintf(out, "    pond_put(%s, p)  /* in place of what frees them", name);
}

static void put_sized(FILE *out, const group *g, const char *name)
{
    for (unsigned i = 0; i < g->size_count; i++)
        if ((double)g->sizes[i].gets >= 0.001 * (double)g->all.gets)
            fprintf(out,
                    "    pond *%s_%llu = pond_create(&(pond_options){.name = \"%s-%llu\", .size = %llu});\n",
                    name, (unsigned long long)g->sizes[i].size, name, (unsigned long long)g->sizes[i].size,
                    (unsigned long long)g->sizes[i].size);
    fprintf(out, "    pond_get(...)     /* in place of malloc in ");
    put_where(out, g->site);
    fprintf(out, ": the smallest that fits */\n    pond_put(..., p)  /* in place of free");
}

static void put_lines(FILE *out, const group *g)
{
    char name[64];
    name_of(g, name, sizeof name);
    if (strcmp(g->verdict, "create") == 0)
        put_created(out, g, name);
    else if (g->pond_size != 0)
        put_typed(out, g, name);
    else
        put_sized(out, g, name);
    if (g->end_count > 0 && g->ends[0]->program) {
        fputs(" in ", out);
        put_where(out, g->ends[0]);
    }
    fputs(" */\n", out);
    if (g->all.cleared > 0)
        fputs("    /* an object comes back as it was put: clear in .reset what has to be zero */\n", out);
    fputc('\n', out);
}

void lines_print(FILE *out, const groups *g, const asked *a)
{
    size_t told = 0;
    for (size_t i = 0; i < g->count && told < BEST; i++) {
        if (!g->all[i].good || (a->rows != 0 && told >= (size_t)a->rows))
            continue;
        if (told++ == 0)
            fputs("\nWhat to write for the best:\n\n    #include <pond/pond.h>\n\n", out);
        put_lines(out, &g->all[i]);
    }
}
