/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader knows: build ids, and libraries of this project that lie beside the one that asks. */
#ifndef POND_SYMBOL_FIND_H
#define POND_SYMBOL_FIND_H

#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* Not in every program: a static one has no loader. */
#pragma weak dlsym

/* ---- build ids ---- */

static inline size_t find_round(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

/* Notes are {sizes, type, name, value}, name and value each padded. */
static inline const unsigned char *find_id_in(const unsigned char *notes, size_t size, size_t align,
                                              size_t *n)
{
    ElfW(Nhdr) note;
    while (size >= sizeof note) {
        memcpy(&note, notes, sizeof note);
        size_t value = find_round(sizeof note + note.n_namesz, align);
        size_t whole = find_round(value + note.n_descsz, align);
        if (value + note.n_descsz > size)
            return NULL;
        *n = note.n_descsz;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + sizeof note, "GNU", 4) == 0)
            return notes + value;
        notes += whole < size ? whole : size;
        size -= whole < size ? whole : size;
    }
    return NULL;
}

/* The module's build id, of *n bytes; NULL: it has none. */
static inline const unsigned char *find_build_id(const struct dl_phdr_info *module, size_t *n)
{
    const unsigned char *id = NULL;
    for (size_t i = 0; i < module->dlpi_phnum && id == NULL; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        const unsigned char *notes = (const unsigned char *)(module->dlpi_addr + part->p_vaddr);
        if (part->p_type == PT_NOTE)
            id = find_id_in(notes, part->p_memsz, part->p_align == 8 ? 8 : 4, n);
    }
    return id;
}

/* ---- libraries ---- */

#define FIND_TEXT_(number) #number
#define FIND_TEXT(number) FIND_TEXT_(number)
/* FIND_LIBRARY("symbol"): libpond-symbol.so.0 */
#define FIND_LIBRARY(name) "libpond-" name ".so." FIND_TEXT(POND_VERSION_MAJOR)

/*
 * Such a library, loaded: the one that is there already, or else the one in the directory of `own` (the path
 * of the library that asks, "" in the program), which fits it best, or else any. NULL: there is none. dlopen
 * is asked for by name: the linker warns of any mention of it in a static program.
 */
static inline void *find_library(const char *own, const char *file)
{
    void *(*open_file)(const char *, int) = NULL;
    char beside[PATH_MAX];
    const char *slash = strrchr(own, '/');
    if (dlsym != NULL)
        *(void **)&open_file = dlsym(RTLD_DEFAULT, "dlopen");
    if (open_file == NULL)
        return NULL;
    void *library = open_file(file, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    int length =
        slash == NULL ? 0 : snprintf(beside, sizeof beside, "%.*s/%s", (int)(slash - own), own, file);
    if (library == NULL && length > 0 && (size_t)length < sizeof beside)
        library = open_file(beside, RTLD_NOW | RTLD_LOCAL);
    return library != NULL ? library : open_file(file, RTLD_NOW | RTLD_LOCAL);
}

#endif
