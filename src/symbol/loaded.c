/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The modules of this process as the loader knows them: for a process without /proc, as after chroot. Those
 * that libdw knows already stay as they are, with all that was read of them; of new ones the file is opened
 * by its name.
 */
#include "find.h"
#include "session.h"
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

struct loaded_module {
    char *name;
    Dwarf_Addr start, end;
    const unsigned char *build_id; /* of a file that is found by the name only: NULL: none is looked at */
    size_t build_id_size;
};

struct loaded {
    Dwfl *dwfl;
    struct loaded_module *modules;
    size_t count, room;
    bool failed; /* no memory */
};

/* The addresses that it takes, in whole pages. */
static struct loaded_module loaded_range(const struct dl_phdr_info *info)
{
    struct loaded_module range = {.start = ~(Dwarf_Addr)0};
    Dwarf_Addr page = (Dwarf_Addr)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        Dwarf_Addr first = info->dlpi_addr + part->p_vaddr, end = first + part->p_memsz;
        if (part->p_type != PT_LOAD)
            continue;
        if (first < range.start)
            range.start = first & ~(page - 1);
        if (end > range.end)
            range.end = (end + page - 1) & ~(page - 1);
    }
    return range;
}

/* The loader has no name for the program. */
static bool loaded_is_called(const char *known, const char *name)
{
    const char *slash = strrchr(known, '/'), *other = strrchr(name, '/');
    return name[0] == 0 || strcmp(slash != NULL ? slash : known, other != NULL ? other : name) == 0;
}

/* As libdw has it, if it knows the module: only what is reported in the same words stays as it is. */
static void loaded_as_known(struct loaded *l, struct loaded_module *m, const char **name)
{
    Dwarf_Addr start, end;
    Dwfl_Module *known = dwfl_addrmodule(l->dwfl, m->start);
    const char *its =
        known == NULL ? NULL : dwfl_module_info(known, NULL, &start, &end, NULL, NULL, NULL, NULL);
    if (its == NULL || !loaded_is_called(its, *name))
        return;
    m->start = start;
    m->end = end;
    *name = its;
}

/* The program, when libdw does not know it yet: the file by whose name it was started, if it is still that
 * one. */
static const char *loaded_program(struct loaded_module *m, const struct dl_phdr_info *info)
{
    const char *started = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    m->build_id = find_build_id(info, &m->build_id_size);
    return started != NULL && m->build_id != NULL && m->build_id_size > 0 ? started : "";
}

static int loaded_add(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct loaded *l = ctx;
    struct loaded_module m = loaded_range(info);
    const char *name = info->dlpi_name;
    (void)size;
    if (l->count == l->room) {
        size_t room = l->room * 2 + 16;
        struct loaded_module *more = realloc(l->modules, room * sizeof *more);
        if (more == NULL) {
            l->failed = true;
            return 1;
        }
        l->modules = more;
        l->room = room;
    }
    loaded_as_known(l, &m, &name);
    if (name[0] == 0)
        name = loaded_program(&m, info);
    m.name = strdup(name);
    l->failed = m.name == NULL;
    if (m.name != NULL && m.end > m.start)
        l->modules[l->count++] = m;
    else
        free(m.name);
    return l->failed;
}

static bool loaded_report_one(Dwfl *dwfl, const struct loaded_module *m)
{
    Dwfl_Module *module = dwfl_report_module(dwfl, m->name, m->start, m->end);
    if (module != NULL && m->build_id != NULL)
        (void)dwfl_module_report_build_id(module, m->build_id, m->build_id_size,
                                          (GElf_Addr)(uintptr_t)m->build_id);
    return module != NULL;
}

bool loaded_report(Dwfl *dwfl)
{
    struct loaded l = {.dwfl = dwfl};
    (void)dl_iterate_phdr(loaded_add, &l);
    bool all = !l.failed;
    if (all)
        dwfl_report_begin(dwfl);
    for (size_t i = 0; i < l.count; i++) {
        if (!l.failed)
            all = loaded_report_one(dwfl, &l.modules[i]) && all;
        free(l.modules[i].name);
    }
    if (!l.failed)
        all = dwfl_report_end(dwfl, NULL, NULL) == 0 && all;
    free(l.modules);
    return all;
}
