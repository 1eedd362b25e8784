/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the libgcc of glibc asks glibc for, and musl has not: where the table of frames of an address is. For
 * musl-gcc, which links that libgcc; a compiler made for musl needs none of it.
 */
#define _GNU_SOURCE 1
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* As in glibc's dlfcn.h, on x86-64. */
struct found_object {
    unsigned long long flags;
    void *start, *end;
    struct link_map *map;
    void *frames;
    unsigned long long reserved[7];
};

int _dl_find_object(void *pc, struct found_object *found);

struct wanted {
    uintptr_t pc;
    struct found_object *found;
};

static int look(struct dl_phdr_info *module, size_t size, void *argument)
{
    const struct wanted *w = argument;
    struct found_object f = {.start = NULL};
    (void)size;
    for (size_t i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        char *start = (char *)(module->dlpi_addr + part->p_vaddr);
        if (part->p_type == PT_GNU_EH_FRAME)
            f.frames = start;
        if (part->p_type != PT_LOAD || w->pc - (uintptr_t)start >= part->p_memsz)
            continue;
        f.start = start;
        f.end = start + part->p_memsz;
    }
    if (f.start == NULL || f.frames == NULL)
        return 0;
    *w->found = f;
    return 1;
}

int _dl_find_object(void *pc, struct found_object *found)
{
    struct wanted w = {(uintptr_t)pc, found};
    return dl_iterate_phdr(look, &w) == 1 ? 0 : -1;
}
