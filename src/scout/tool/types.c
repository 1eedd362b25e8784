// SPDX-License-Identifier: BSD-2-Clause
// The type of an object, from the debug information of the function that allocates it: a structure of exactly
// that size to which the function's result, or one of its variables, points.
#include "scout.h"

#include "call.h"
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

// Past const, volatile and typedef; *named is the first typedef's name on the way.
static bool plain_type(Dwarf_Die *type, const char **named)
{
    for (int i = 0; i < 16; i++) {
        int tag = dwarf_tag(type);
        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type)
            return true;
        if (tag == DW_TAG_typedef && *named == NULL)
            *named = dwarf_diename(type);
        Dwarf_Attribute attribute;
        if (dwarf_formref_die(dwarf_attr_integrate(type, DW_AT_type, &attribute), type) == NULL)
            return false;
    }
    return false;
}

// "struct conn", where the entry's type is a pointer to that and it has so many bytes; else NULL.
static char *pointed_to(Dwarf_Die *entry, uint64_t size)
{
    Dwarf_Attribute attribute;
    Dwarf_Die type;
    Dwarf_Word bytes;
    const char *named = NULL;
    if (dwarf_formref_die(dwarf_attr_integrate(entry, DW_AT_type, &attribute), &type) == NULL ||
        !plain_type(&type, &named) || dwarf_tag(&type) != DW_TAG_pointer_type)
        return NULL;
    named = NULL;
    if (dwarf_formref_die(dwarf_attr(&type, DW_AT_type, &attribute), &type) == NULL ||
        !plain_type(&type, &named))
        return NULL;
    int tag = dwarf_tag(&type);
    if ((tag != DW_TAG_structure_type && tag != DW_TAG_union_type) ||
        dwarf_aggregate_size(&type, &bytes) != 0 || bytes != size)
        return NULL;
    if (dwarf_diename(&type) != NULL)
        return text_of("%s%s", tag == DW_TAG_union_type ? "union " : "struct ", dwarf_diename(&type));
    return named != NULL ? text_of("%s", named) : NULL;
}

// The result of the function, or a variable in this scope.
static char *type_in(Dwarf_Die *scope, uint64_t size)
{
    Dwarf_Die entry;
    int tag = dwarf_tag(scope);
    char *found = NULL;
    if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) {
        Dwarf_Attribute attribute;
        Dwarf_Die origin;
        found = pointed_to(scope, size);
        if (found == NULL &&
            dwarf_formref_die(dwarf_attr(scope, DW_AT_abstract_origin, &attribute), &origin) != NULL)
            found = pointed_to(&origin, size);
    }
    for (int none = dwarf_child(scope, &entry); none == 0 && found == NULL;
         none = dwarf_siblingof(&entry, &entry)) {
        tag = dwarf_tag(&entry);
        if (tag == DW_TAG_variable || tag == DW_TAG_formal_parameter)
            found = pointed_to(&entry, size);
        else if (tag == DW_TAG_lexical_block)
            found = type_in(&entry, size);
    }
    return found;
}

static char *result_of_call(uint64_t pc, Dwarf_Addr bias, Dwarf_Die *scopes, int count, uint64_t size)
{
    Dwarf_Die function;
    for (int i = 0; i < count; i++)
        if (dwarf_tag(&scopes[i]) != DW_TAG_compile_unit && call_find(&scopes[i], pc - bias, &function))
            return pointed_to(&function, size);
    return NULL;
}

// Whether the function's result points to characters.
static bool gives_text(Dwarf_Die *function)
{
    Dwarf_Attribute attribute;
    Dwarf_Die type;
    Dwarf_Word bytes;
    const char *named = NULL;
    return dwarf_formref_die(dwarf_attr_integrate(function, DW_AT_type, &attribute), &type) != NULL &&
           plain_type(&type, &named) && dwarf_tag(&type) == DW_TAG_pointer_type &&
           dwarf_formref_die(dwarf_attr(&type, DW_AT_type, &attribute), &type) != NULL &&
           plain_type(&type, &named) && dwarf_tag(&type) == DW_TAG_base_type &&
           dwarf_aggregate_size(&type, &bytes) == 0 && bytes == 1;
}

// The site's own function decides, past wrappers that were inlined into it.
static char *text_in(Dwarf_Die *scopes, int count, const char *function)
{
    for (int i = 0; i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);
        const char *name = dwarf_diename(&scopes[i]);
        if ((tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) && name != NULL &&
            strcmp(name, function) == 0)
            return gives_text(&scopes[i]) ? text_of("char") : NULL;
    }
    return NULL;
}

char *type_at(const frame *site, uint64_t size)
{
    uint64_t pc = site->pc;
    Dwarf_Addr bias = 0;
    Dwarf_Die *scopes = NULL;
    Dwfl_Module *module;
    int count = call_scopes(pc, &module, &bias, &scopes);
    char *found = count > 0 ? result_of_call(pc, bias, scopes, count, size) : NULL;
    for (int i = 0; i < count && found == NULL; i++)
        if (dwarf_tag(&scopes[i]) != DW_TAG_compile_unit)
            found = type_in(&scopes[i], size);
    if (found == NULL)
        found = text_in(scopes, count, site->function);
    free(scopes);
    return found;
}
