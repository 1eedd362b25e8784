// SPDX-License-Identifier: BSD-2-Clause
// Whom a call is for, as the compiler noted it. A function whose last act is a call has no frame during that
// call: its caller's call leads, in the chain, to another function than the one that was called.
#include "scout.h"

#include "call.h"
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

static bool returns_to(Dwarf_Die *call, Dwarf_Addr pc)
{
    Dwarf_Attribute attribute;
    Dwarf_Addr at;
    unsigned which = dwarf_tag(call) == DW_TAG_call_site ? DW_AT_call_return_pc : DW_AT_low_pc;
    return dwarf_formaddr(dwarf_attr(call, which, &attribute), &at) == 0 && at == pc;
}

static bool origin_of(Dwarf_Die *call, Dwarf_Die *function)
{
    Dwarf_Attribute attribute;
    unsigned which = dwarf_tag(call) == DW_TAG_call_site ? DW_AT_call_origin : DW_AT_abstract_origin;
    return dwarf_formref_die(dwarf_attr(call, which, &attribute), function) != NULL;
}

bool call_find(Dwarf_Die *scope, Dwarf_Addr pc, Dwarf_Die *function)
{
    Dwarf_Die entry;
    for (int none = dwarf_child(scope, &entry); none == 0; none = dwarf_siblingof(&entry, &entry)) {
        int tag = dwarf_tag(&entry);
        if ((tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site) && returns_to(&entry, pc))
            return origin_of(&entry, function);
        if (tag == DW_TAG_lexical_block && call_find(&entry, pc, function))
            return true;
    }
    return false;
}

// Where it is defined: what is called may only be declared here. False: not in this module.
static bool find_definition(Dwfl_Module *module, callee *c)
{
    GElf_Sym symbol;
    GElf_Addr at;
    int count = dwfl_module_getsymtab(module);
    for (int i = 1; i < count; i++) {
        const char *name = dwfl_module_getsym_info(module, i, &symbol, &at, NULL, NULL, NULL);
        if (name == NULL || symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
            strcmp(name, c->function) != 0)
            continue;
        Dwfl_Line *line = dwfl_module_getsrc(module, at);
        const char *file = line != NULL ? dwfl_lineinfo(line, NULL, &c->line, NULL, NULL, NULL) : NULL;
        const char *from = line != NULL && file != NULL && file[0] != '/' ? dwfl_line_comp_dir(line) : NULL;
        if (file != NULL)
            c->file = text_of("%s%s%s", from != NULL ? from : "", from != NULL ? "/" : "", file);
        return true;
    }
    return false;
}

int call_scopes(uint64_t pc, Dwfl_Module **module, Dwarf_Addr *bias, Dwarf_Die **scopes)
{
    Dwarf_Die *innermost = NULL, *unit = NULL;
    Dwfl *dwfl = session_now();
    *module = dwfl != NULL ? dwfl_addrmodule(dwfl, pc - 1) : NULL;
    if (*module != NULL)
        unit = dwfl_module_addrdie(*module, pc - 1, bias);
    int count = unit != NULL ? dwarf_getscopes(unit, pc - 1 - *bias, &innermost) : 0;
    count = count > 0 ? dwarf_getscopes_die(&innermost[0], scopes) : 0;
    free(innermost);
    return count;
}

bool callee_of(uint64_t pc, callee *c)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *scopes = NULL, function;
    Dwfl_Module *module;
    int count = call_scopes(pc, &module, &bias, &scopes);
    bool found = false;
    for (int i = 0; i < count && !found; i++)
        if (dwarf_tag(&scopes[i]) != DW_TAG_compile_unit)
            found = call_find(&scopes[i], pc - bias, &function);
    free(scopes);
    const char *name = found ? dwarf_diename(&function) : NULL;
    if (name == NULL)
        return false;
    *c = (callee){.function = text_of("%s", name)};
    return find_definition(module, c);
}
