/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* There when the process has C++ in it. */
char *__cxa_demangle(const char *name, char *text, size_t *n, int *status);
#pragma weak __cxa_demangle

/* An address, and where it is. */
struct spot {
    Dwfl_Module *module;
    Dwarf_Addr at;  /* in the process */
    Dwarf_Addr pc;  /* the same in the debug information */
    bool known;     /* there is some: */
    Dwarf_Die unit; /* what has the lines */
};

/* ---- names ---- */

static void say_function(struct symbol_text *t, const char *name)
{
    char *plain = NULL;
    int status = 0;
    if (name[0] == '_' && name[1] == 'Z' && __cxa_demangle != NULL)
        plain = __cxa_demangle(name, NULL, NULL, &status);
    symbol_say(t, "%s", plain != NULL ? plain : name);
    free(plain);
}

/* In C++ the linker's name tells class and arguments. It is of use if it can be read. */
static const char *scope_name(Dwarf_Die *scope)
{
    Dwarf_Attribute attribute;
    const char *linkage = NULL;
    if (__cxa_demangle != NULL)
        linkage = dwarf_formstring(dwarf_attr_integrate(scope, DW_AT_linkage_name, &attribute));
    return linkage != NULL ? linkage : dwarf_diename(scope);
}

/* Below the directory of compilation: from there on, as the compiler was told. */
static const char *spot_path(const struct spot *spot, const char *path)
{
    Dwarf_Attribute attribute;
    Dwarf_Die unit = spot->unit;
    const char *base = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
    size_t length = base == NULL ? 0 : strlen(base);
    if (length > 0 && strncmp(path, base, length) == 0 && path[length] == '/')
        path += length + 1;
    return strncmp(path, "./", 2) == 0 ? path + 2 : path;
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

static void say_line(struct symbol_text *t, const struct spot *spot, struct line line)
{
    if (line.file != NULL && line.number > 0)
        symbol_say(t, " %s:%d", spot_path(spot, line.file), line.number);
    else if (line.file != NULL)
        symbol_say(t, " %s", spot_path(spot, line.file));
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

/* ---- frames ---- */

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

/* A line for each inlined function, the last one for the function itself. False: none is known. */
static bool say_scopes(struct symbol_text *t, const struct spot *spot)
{
    struct scopes s = {.count = 0};
    Dwarf_Die unit = spot->unit;
    if (!spot->known || !session_unit(&unit) || !scopes_walk(&s, &unit, spot->pc))
        return false;
    struct line line = spot_line(spot);
    while (s.count-- > 0) {
        Dwarf_Die *scope = &s.entries[s.count];
        const char *name = scope_name(scope);
        say_function(t, name != NULL ? name : "?");
        say_line(t, spot, line);
        if (s.count > 0)
            symbol_say(t, " (inlined)\n");
        line = scope_call(spot, scope);
    }
    return true;
}

/* What the symbol table says, for code without debug information. */
static void say_symbol(struct symbol_text *t, const struct spot *spot)
{
    GElf_Sym symbol;
    GElf_Off offset;
    const char *name = dwfl_module_addrinfo(spot->module, spot->at, &offset, &symbol, NULL, NULL, NULL);
    if (name == NULL || offset >= symbol.st_size)
        return;
    struct line line = spot_line(spot);
    say_function(t, name);
    if (line.file == NULL)
        symbol_say(t, "+0x%zx", (size_t)offset);
    say_line(t, spot, line);
}

void describe_address(uintptr_t at, struct symbol_text *t)
{
    struct spot spot = {.at = at};
    Dwfl *dwfl = session_now();
    if (dwfl == NULL || (spot.module = dwfl_addrmodule(dwfl, spot.at)) == NULL)
        return;
    spot_find_unit(&spot);
    if (!say_scopes(t, &spot))
        say_symbol(t, &spot);
}
