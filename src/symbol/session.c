/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"
#include <dwarf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void symbol_say(struct symbol_text *t, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is */
    int length = vsnprintf(t->text + t->length, t->n - t->length, format, values);
    va_end(values);
    size_t room = t->n - 1 - t->length;
    if (length > 0)
        t->length += (size_t)length < room ? (size_t)length : room;
}

/* ---- generation ---- */

static int session_count(struct dl_phdr_info *module, size_t size, void *generation)
{
    (void)size;
    *(uint64_t *)generation = (uint64_t)module->dlpi_adds << 32 ^ (uint64_t)module->dlpi_subs;
    return 1;
}

uint64_t session_generation(void)
{
    uint64_t generation = 0;
    (void)dl_iterate_phdr(session_count, &generation);
    return generation;
}

/* ---- the session ---- */

/* The program's file as it was when it was started, though another has its name by now. */
static bool session_is_replaced_program(const char *name)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return false;
    path[length] = 0;
    return strcmp(path, name) == 0 && access(path, F_OK) != 0;
}

static int session_find_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, char **path,
                             Elf **elf)
{
    int file = dwfl_linux_proc_find_elf(module, user, name, base, path, elf);
    if (file >= 0 || *elf != NULL || !session_is_replaced_program(name))
        return file;
    return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static const Dwfl_Callbacks session_callbacks = {.find_elf = session_find_file,
                                                 .find_debuginfo = separate_find};

static struct {
    Dwfl *dwfl;
    bool reported;
    uint64_t generation;
    pid_t process;
} session;

static bool session_report(void)
{
    dwfl_report_begin(session.dwfl);
    bool all = dwfl_linux_proc_report(session.dwfl, session.process) == 0;
    return dwfl_report_end(session.dwfl, NULL, NULL) == 0 && all;
}

/* Modules that are still where they were stay as they are. */
Dwfl *session_now(void)
{
    uint64_t generation = session_generation();
    if (session.dwfl == NULL)
        session.dwfl = dwfl_begin(&session_callbacks);
    if (session.dwfl == NULL || (session.reported && session.generation == generation))
        return session.dwfl;
    session.process = getpid();
    session.generation = generation;
    session.reported = session_report();
    return session.reported ? session.dwfl : NULL;
}

bool session_unit(Dwarf_Die *unit)
{
    Dwarf_Die split;
    uint8_t kind;
    if (dwarf_cu_info(unit->cu, NULL, &kind, NULL, &split, NULL, NULL, NULL) != 0 || kind != DW_UT_skeleton)
        return true;
    if (split.addr != NULL)
        *unit = split;
    return split.addr != NULL;
}
