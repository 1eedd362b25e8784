/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *map_self(void)
{
    struct stat about;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0)
        return NULL;
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    return bytes == MAP_FAILED ? NULL : (const char *)bytes;
}

/* The executable is the first that is told of. */
static int first_base(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    *(uintptr_t *)base = info->dlpi_addr;
    return 1;
}

static const ElfW(Shdr) * symbol_table(const char *elf)
{
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)(const void *)elf;
    const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(const void *)(elf + head->e_shoff);
    for (size_t i = 0; i < head->e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB)
            return &sections[i];
    return NULL;
}

void symbol_name(const void *pc, char *text, size_t n)
{
    static const char *elf;
    uintptr_t base = 0;
    snprintf(text, n, "?");
    elf = elf != NULL ? elf : map_self();
    const ElfW(Shdr) *table = elf != NULL ? symbol_table(elf) : NULL;
    if (table == NULL)
        return;
    (void)dl_iterate_phdr(first_base, &base);
    const ElfW(Shdr) *sections =
        (const ElfW(Shdr) *)(const void *)(elf + ((const ElfW(Ehdr) *)(const void *)elf)->e_shoff);
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)(const void *)(elf + table->sh_offset);
    const char *names = elf + sections[table->sh_link].sh_offset;
    uintptr_t at = (uintptr_t)pc - base;
    for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++)
        if ((symbols[i].st_info & 15) == STT_FUNC && at - symbols[i].st_value < symbols[i].st_size)
            snprintf(text, n, "%s+%#lx", names + symbols[i].st_name,
                     (unsigned long)(at - symbols[i].st_value));
}
