/* SPDX-License-Identifier: BSD-2-Clause */
/* Offset -> field, by the type's description in any module's debug information. */
#include "session.h"
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* ---- a type by its name ---- */

enum { KIND_ANY = 0 };

struct wanted {
    const char *name; /* without its kind */
    int tag;          /* DW_TAG_structure_type and so on; KIND_ANY */
};

static struct wanted wanted_type(const char *type)
{
    static const struct {
        const char *word;
        int tag;
    } kinds[] = {{"struct ", DW_TAG_structure_type}, {"union ", DW_TAG_union_type}, {"class ", KIND_ANY}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(type, kinds[i].word, strlen(kinds[i].word)) == 0)
            return (struct wanted){type + strlen(kinds[i].word), kinds[i].tag};
    return (struct wanted){type, KIND_ANY};
}

static bool is_aggregate(int tag)
{
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/* In C++ a struct may have been declared as a class. */
static bool is_wanted_kind(int tag, int wanted)
{
    if (wanted == KIND_ANY)
        return is_aggregate(tag) || tag == DW_TAG_typedef;
    return tag == wanted || (wanted == DW_TAG_structure_type && tag == DW_TAG_class_type);
}

/* What a typedef or a const stands for; false: a declaration, or no aggregate. */
static bool type_is_whole(Dwarf_Die *entry, Dwarf_Die *type)
{
    return dwarf_peel_type(entry, type) == 0 && is_aggregate(dwarf_tag(type)) &&
           !dwarf_hasattr(type, DW_AT_declaration);
}

/* The rest of a qualified name behind this namespace or class; a namespace without a name is passed. */
static const char *name_inside(const char *name, Dwarf_Die *outer)
{
    const char *own = dwarf_diename(outer);
    if (own == NULL)
        return dwarf_tag(outer) == DW_TAG_namespace ? name : NULL;
    size_t length = strlen(own);
    return strncmp(name, own, length) == 0 && strncmp(name + length, "::", 2) == 0 ? name + length + 2 : NULL;
}

static bool type_find(Dwarf_Die *outer, struct wanted wanted, Dwarf_Die *type);

static bool type_matches(Dwarf_Die *entry, struct wanted wanted, Dwarf_Die *type)
{
    int tag = dwarf_tag(entry);
    if (tag != DW_TAG_namespace && tag != DW_TAG_typedef && !is_aggregate(tag))
        return false;
    const char *name = dwarf_diename(entry);
    if (name != NULL && is_wanted_kind(tag, wanted.tag) && strcmp(name, wanted.name) == 0)
        return type_is_whole(entry, type);
    const char *inside = tag == DW_TAG_typedef ? NULL : name_inside(wanted.name, entry);
    return inside != NULL && type_find(entry, (struct wanted){inside, wanted.tag}, type);
}

/* Not deeper than a qualified name is long. */
static bool type_find(Dwarf_Die *outer, struct wanted wanted, Dwarf_Die *type)
{
    Dwarf_Die entry;
    for (int end = dwarf_child(outer, &entry); end == 0; end = dwarf_siblingof(&entry, &entry))
        if (type_matches(&entry, wanted, type))
            return true;
    return false;
}

static bool type_find_anywhere(struct wanted wanted, Dwarf_Die *type)
{
    Dwfl *dwfl = session_now();
    Dwarf_Addr bias;
    Dwarf_Die *unit = NULL, whole;
    while (dwfl != NULL && (unit = dwfl_nextcu(dwfl, unit, &bias)) != NULL) {
        whole = *unit;
        if (session_unit(&whole) && type_find(&whole, wanted, type))
            return true;
    }
    return false;
}

/* ---- a member by its offset ---- */

static bool entry_number(Dwarf_Die *entry, unsigned int which, Dwarf_Word *number)
{
    Dwarf_Attribute attribute;
    return dwarf_formudata(dwarf_attr(entry, which, &attribute), number) == 0;
}

static bool entry_type(Dwarf_Die *entry, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;
    return dwarf_formref_die(dwarf_attr_integrate(entry, DW_AT_type, &attribute), type) != NULL &&
           dwarf_peel_type(type, type) == 0;
}

/* The bytes first .. end - 1 that a member lies in; false: it lies in none, as a static one. */
static bool member_range(Dwarf_Die *member, Dwarf_Die *type, Dwarf_Word *first, Dwarf_Word *end)
{
    Dwarf_Word bits = 0, bit;
    *first = 0;
    if (dwarf_hasattr(member, DW_AT_declaration) || dwarf_hasattr(member, DW_AT_external))
        return false;
    if (entry_number(member, DW_AT_data_bit_offset, &bit)) {
        (void)entry_number(member, DW_AT_bit_size, &bits);
        *first = bit / 8;
        *end = (bit + bits + 7) / 8;
        return true;
    }
    if (dwarf_hasattr(member, DW_AT_data_member_location) &&
        !entry_number(member, DW_AT_data_member_location, first))
        return false; /* of a virtual base */
    if (dwarf_aggregate_size(type, end) != 0)
        *end = ~(Dwarf_Word)0 - *first; /* an array without a bound */
    *end += *first;
    return true;
}

/* The member or base class at *offset, which then counts from its beginning. */
static bool member_find(Dwarf_Die *aggregate, Dwarf_Word *offset, Dwarf_Die *member, Dwarf_Die *type)
{
    Dwarf_Word first, end;
    for (int none = dwarf_child(aggregate, member); none == 0; none = dwarf_siblingof(member, member)) {
        int tag = dwarf_tag(member);
        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !entry_type(member, type))
            continue;
        if (!member_range(member, type, &first, &end) || *offset < first || *offset >= end)
            continue;
        *offset -= first;
        return true;
    }
    return false;
}

#define DIMENSIONS_MOST 8

/* How many elements a dimension has, by its count or its bounds; 0: not known. */
static Dwarf_Word dimension_count(Dwarf_Die *dimension)
{
    Dwarf_Word count = 0;
    if (!entry_number(dimension, DW_AT_count, &count) && entry_number(dimension, DW_AT_upper_bound, &count))
        count++;
    return count;
}

static size_t array_dimensions(Dwarf_Die *array, Dwarf_Word *counts)
{
    size_t n = 0;
    Dwarf_Die entry;
    for (int none = dwarf_child(array, &entry); none == 0; none = dwarf_siblingof(&entry, &entry))
        if (dwarf_tag(&entry) == DW_TAG_subrange_type && n < DIMENSIONS_MOST)
            counts[n++] = dimension_count(&entry);
    return n;
}

/* "[2][5]". An array of bytes is one thing: of it the last index is not said. False: no such element. */
static bool say_element(struct symbol_text *t, Dwarf_Die *array, Dwarf_Word *offset, Dwarf_Die *element)
{
    Dwarf_Word size, stride, counts[DIMENSIONS_MOST];
    size_t n = array_dimensions(array, counts);
    if (!entry_type(array, element) || dwarf_aggregate_size(element, &size) != 0 || size == 0)
        return false;
    for (size_t i = 0; i < n - (size == 1 && n > 0); i++) {
        stride = size;
        for (size_t inner = i + 1; inner < n; inner++)
            stride *= counts[inner];
        if (stride == 0)
            return false;
        symbol_say(t, "[%zu]", (size_t)(*offset / stride));
        *offset %= stride;
    }
    *offset %= size;
    return true;
}

/* From the type inwards, as far as there are fields. */
static void say_path(struct symbol_text *t, Dwarf_Die *whole, Dwarf_Word offset)
{
    Dwarf_Die type = *whole, member, inner;
    for (;;) {
        if (dwarf_tag(&type) == DW_TAG_array_type) {
            if (!say_element(t, &type, &offset, &inner))
                return;
        } else if (is_aggregate(dwarf_tag(&type)) && member_find(&type, &offset, &member, &inner)) {
            const char *name = dwarf_tag(&member) == DW_TAG_member ? dwarf_diename(&member) : NULL;
            if (name != NULL)
                symbol_say(t, "%s%s", t->length > 0 ? "." : "", name);
        } else {
            return;
        }
        type = inner;
    }
}

/* ---- answers given ---- */

#define ANSWER_TEXT 128
#define ANSWERS_MOST 1024

struct answer {
    struct answer *next;
    size_t offset;
    uint64_t generation; /* "" is no answer once more was loaded */
    char text[ANSWER_TEXT];
    char type[];
};

static struct answer *answers;
static size_t answer_count;

static struct answer *answer_find(const char *type, size_t offset)
{
    struct answer *a = answers;
    while (a != NULL && (a->offset != offset || strcmp(a->type, type) != 0))
        a = a->next;
    return a;
}

static struct answer *answer_make(const char *type, size_t offset)
{
    size_t size = strlen(type) + 1;
    struct answer *a = answer_count == ANSWERS_MOST ? NULL : calloc(1, sizeof *a + size);
    if (a == NULL)
        return NULL;
    a->offset = offset;
    memcpy(a->type, type, size);
    a->next = answers;
    answers = a;
    answer_count++;
    return a;
}

static void field_look(const char *name, size_t offset, struct symbol_text *t)
{
    Dwarf_Die type;
    if (type_find_anywhere(wanted_type(name), &type))
        say_path(t, &type, offset);
}

static void answer_fill(struct answer *a)
{
    struct symbol_text t = {.text = a->text, .n = sizeof a->text};
    a->generation = session_generation();
    field_look(a->type, a->offset, &t);
}

void field_describe(const char *type, size_t offset, struct symbol_text *t)
{
    struct answer *a = answer_find(type, offset);
    bool fresh = a == NULL && (a = answer_make(type, offset)) != NULL;
    if (a == NULL) {
        field_look(type, offset, t);
        return;
    }
    if (fresh || (a->text[0] == 0 && a->generation != session_generation()))
        answer_fill(a);
    symbol_say(t, "%s", a->text);
}
