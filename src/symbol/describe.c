/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"
#include <dwarf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* There when the process has C++ in it. */
char *__cxa_demangle(const char *name, char *text, size_t *n, int *status);
#pragma weak __cxa_demangle

/* An address, and where it is. */
struct spot {
    bool many; /* one of many that are asked for */
    Dwfl_Module *module;
    Dwarf_Addr at;  /* in the process */
    Dwarf_Addr pc;  /* the same in the debug information */
    bool known;     /* there is some: */
    Dwarf_Die unit; /* what has the lines */
};

/* A function there, as the debug information has it. */
struct frame {
    const char *name;      /* the linker's, if it can be read */
    const char *directory; /* of compilation; "": not known */
    const char *file;      /* NULL: not known */
    int line;              /* 0: not known */
    size_t offset;         /* of the address in it */
    bool inlined;
    bool bare; /* there is no debug information: the name is the symbol table's */
};

typedef void frame_taker(const struct frame *frame, void *ctx);

/* ---- names ---- */

/* As it is in the source, to be freed; NULL: it is so already, or cannot be made so. */
static char *plain_name(const char *name)
{
    int status = 0;
    if (name[0] != '_' || name[1] != 'Z' || __cxa_demangle == NULL)
        return NULL;
    return __cxa_demangle(name, NULL, NULL, &status);
}

/* In C++ the linker's name tells class and arguments. It is of use if it can be read. */
static const char *scope_name(Dwarf_Die *scope)
{
    Dwarf_Attribute attribute;
    const char *linkage = NULL;
    if (__cxa_demangle != NULL)
        linkage = dwarf_formstring(dwarf_attr_integrate(scope, DW_AT_linkage_name, &attribute));
    const char *name = linkage != NULL ? linkage : dwarf_diename(scope);
    return name != NULL ? name : "?";
}

/* ---- lines ---- */

struct line {
    const char *file; /* NULL: not known */
    int number;
};

static struct line spot_line(const struct spot *spot)
{
    struct line line = {NULL, 0};
    Dwarf_Die unit = spot->unit;
    Dwarf_Line *found = spot->known ? dwarf_getsrc_die(&unit, spot->pc) : NULL;
    if (found != NULL && dwarf_lineno(found, &line.number) == 0)
        line.file = dwarf_linesrc(found, NULL, NULL);
    return line;
}

static Dwarf_Word scope_number(Dwarf_Die *scope, unsigned int which)
{
    Dwarf_Attribute attribute;
    Dwarf_Word number = 0;
    (void)dwarf_formudata(dwarf_attr(scope, which, &attribute), &number);
    return number;
}

/* Where an inlined function was called. */
static struct line scope_call(const struct spot *spot, Dwarf_Die *scope)
{
    Dwarf_Files *files;
    size_t count;
    Dwarf_Die unit = spot->unit;
    Dwarf_Word file = scope_number(scope, DW_AT_call_file);
    struct line line = {NULL, (int)scope_number(scope, DW_AT_call_line)};
    if (dwarf_getsrcfiles(&unit, &files, &count) == 0 && file < count)
        line.file = dwarf_filesrc(files, file, NULL, NULL);
    return line;
}

/* ---- scopes ---- */

/* The function around an address, and those that were inlined into it there, outermost first. */
#define SCOPES_MOST 64

struct scopes {
    size_t count;
    Dwarf_Die entries[SCOPES_MOST];
};

/* Namespaces and classes have no addresses of their own: clang puts functions into them. */
static bool scope_may_hold(Dwarf_Die *entry, Dwarf_Addr pc)
{
    switch (dwarf_tag(entry)) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
        return dwarf_haspc(entry, pc) > 0;
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
        return true;
    default:
        return false;
    }
}

/* False: none of the entries inside holds the address. libdw's own walk (dwarf_getscopes) loses its way when
   a function was inlined from another unit. */
static bool scopes_walk(struct scopes *s, Dwarf_Die *outer, Dwarf_Addr pc)
{
    Dwarf_Die entry;
    for (int none = dwarf_child(outer, &entry); none == 0; none = dwarf_siblingof(&entry, &entry)) {
        if (!scope_may_hold(&entry, pc) || s->count == SCOPES_MOST)
            continue;
        int tag = dwarf_tag(&entry);
        bool function = tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
        if (function)
            s->entries[s->count++] = entry;
        if (scopes_walk(s, &entry, pc) || function)
            return true;
    }
    return false;
}

/* By the table of the unit's functions, where there are many to look for. */
static bool scopes_find(struct scopes *s, const struct spot *spot, Dwarf_Die *unit)
{
    Dwarf_Die function;
    enum unit_answer answer = spot->many ? unit_function(unit, spot->pc, &function) : UNIT_UNKNOWN;
    if (answer == UNIT_UNKNOWN)
        return scopes_walk(s, unit, spot->pc);
    if (answer == UNIT_NONE)
        return false;
    s->entries[s->count++] = function;
    (void)scopes_walk(s, &function, spot->pc);
    return true;
}

/* ---- frames ---- */

/* What returns to an address is the byte before it. */
static uintptr_t call_site(const void *pc)
{
    return (uintptr_t)pc - 1;
}

/*
 * libdw goes by a table of addresses that clang does not make: where that leads to no unit, or to one that
 * other compilers' code before it came from, each unit is asked.
 */
static void spot_find_unit(struct spot *spot)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = dwfl_module_addrdie(spot->module, spot->at, &bias);
    if (unit == NULL || dwarf_haspc(unit, spot->at - bias) <= 0) {
        unit = NULL;
        while ((unit = dwfl_module_nextcu(spot->module, unit, &bias)) != NULL)
            if (dwarf_haspc(unit, spot->at - bias) > 0)
                break;
    }
    spot->known = unit != NULL;
    spot->pc = spot->at - bias;
    if (unit != NULL)
        spot->unit = *unit;
}

/* The directory of compilation; "": not known. */
static const char *spot_directory(const struct spot *spot)
{
    Dwarf_Attribute attribute;
    Dwarf_Die unit = spot->unit;
    const char *base = spot->known ? dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute)) : NULL;
    return base != NULL ? base : "";
}

static size_t scope_offset(const struct spot *spot, Dwarf_Die *scope)
{
    Dwarf_Addr first;
    return dwarf_entrypc(scope, &first) == 0 && first <= spot->pc ? (size_t)(spot->pc - first) : 0;
}

/* A header's function that is no more than a way to another one (attribute artificial): its caller is what
 * counts. */
static bool scope_is_artificial(Dwarf_Die *scope)
{
    Dwarf_Attribute attribute;
    bool artificial = false;
    return dwarf_tag(scope) == DW_TAG_inlined_subroutine &&
           dwarf_formflag(dwarf_attr_integrate(scope, DW_AT_artificial, &attribute), &artificial) == 0 &&
           artificial;
}

/* A frame for each inlined function, the last one for the function itself. False: none is known. */
static bool scopes_tell(const struct spot *spot, frame_taker *take, void *ctx)
{
    struct scopes s = {.count = 0};
    Dwarf_Die unit = spot->unit;
    if (!spot->known || !session_unit(&unit) || !scopes_find(&s, spot, &unit))
        return false;
    struct line line = spot_line(spot);
    while (s.count-- > 0) {
        Dwarf_Die *scope = &s.entries[s.count];
        struct frame frame = {.name = scope_name(scope),
                              .directory = spot_directory(spot),
                              .file = line.file,
                              .line = line.number,
                              .offset = scope_offset(spot, scope),
                              .inlined = s.count > 0};
        if (!scope_is_artificial(scope))
            take(&frame, ctx);
        line = scope_call(spot, scope);
    }
    return true;
}

/* What the symbol table says, for code without debug information. */
static void symbol_tell(const struct spot *spot, frame_taker *take, void *ctx)
{
    GElf_Sym symbol;
    GElf_Off offset;
    const char *name = dwfl_module_addrinfo(spot->module, spot->at, &offset, &symbol, NULL, NULL, NULL);
    if (name == NULL || offset >= symbol.st_size)
        return;
    struct line line = spot_line(spot);
    struct frame frame = {.name = name,
                          .directory = spot_directory(spot),
                          .file = line.file,
                          .line = line.number,
                          .offset = (size_t)offset,
                          .bare = true};
    take(&frame, ctx);
}

static void spot_tell(struct spot *spot, frame_taker *take, void *ctx)
{
    Dwfl *dwfl = session_now();
    if (dwfl == NULL || (spot->module = dwfl_addrmodule(dwfl, spot->at)) == NULL)
        return;
    spot_find_unit(spot);
    if (!scopes_tell(spot, take, ctx))
        symbol_tell(spot, take, ctx);
}

/* ---- frames as text ---- */

/* Below the directory of compilation: from there on, as the compiler was told. */
static const char *frame_path(const struct frame *frame)
{
    const char *path = frame->file;
    size_t length = strlen(frame->directory);
    if (length > 0 && strncmp(path, frame->directory, length) == 0 && path[length] == '/')
        path += length + 1;
    return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static void frame_say(const struct frame *frame, void *text)
{
    struct symbol_text *t = text;
    char *plain = plain_name(frame->name);
    symbol_say(t, "%s", plain != NULL ? plain : frame->name);
    free(plain);
    if (frame->file == NULL && frame->bare)
        symbol_say(t, "+0x%zx", frame->offset);
    else if (frame->file != NULL && frame->line > 0)
        symbol_say(t, " %s:%d", frame_path(frame), frame->line);
    else if (frame->file != NULL)
        symbol_say(t, " %s", frame_path(frame));
    if (frame->inlined)
        symbol_say(t, " (inlined)\n");
}

void describe_address(const void *pc, struct symbol_text *t)
{
    struct spot spot = {.at = call_site(pc)};
    spot_tell(&spot, frame_say, t);
}

/* ---- frames one by one ---- */

struct told {
    size_t index;
    pond_symbol_taker *take;
    void *ctx;
};

/* The whole path, by which a file is found from anywhere. */
static void frame_hand_on(const struct frame *frame, void *to)
{
    const struct told *t = to;
    char path[PATH_MAX], *plain = plain_name(frame->name);
    pond_symbol_frame f = {.index = t->index,
                           .function = plain != NULL ? plain : frame->name,
                           .symbol = frame->name,
                           .file = frame->file,
                           .line = frame->line,
                           .offset = frame->offset,
                           .inlined = frame->inlined};
    if (f.file != NULL && f.file[0] != '/' && frame->directory[0] != 0) {
        int length = snprintf(path, sizeof path, "%s/%s", frame->directory, frame_path(frame));
        f.file = length > 0 && (size_t)length < sizeof path ? path : f.file;
    }
    t->take(&f, t->ctx);
    free(plain);
}

void describe_frames(const void *const *pcs, size_t count, pond_symbol_taker *take, void *ctx)
{
    unit_forget();
    for (size_t i = 0; i < count; i++) {
        struct told told = {i, take, ctx};
        struct spot spot = {.many = true, .at = call_site(pcs[i])};
        spot_tell(&spot, frame_hand_on, &told);
    }
    unit_forget();
}
