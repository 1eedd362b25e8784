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
    bool given; /* by session_be */
    uint64_t generation;
    pid_t process;
} session;

void session_be(Dwfl *dwfl)
{
    session.dwfl = dwfl;
    session.given = true;
}

/* Modules that are still where they were stay as they are. */
static bool session_report(void)
{
    dwfl_report_begin(session.dwfl);
    bool all = dwfl_linux_proc_report(session.dwfl, session.process) == 0;
    return dwfl_report_end(session.dwfl, NULL, NULL) == 0 && all;
}

Dwfl *session_now(void)
{
    if (session.given)
        return session.dwfl;
    uint64_t generation = session_generation();
    if (session.dwfl == NULL)
        session.dwfl = dwfl_begin(&session_callbacks);
    if (session.dwfl == NULL || (session.reported && session.generation == generation))
        return session.dwfl;
    unit_forget(); /* it may be of a module that has gone */
    session.process = getpid();
    session.generation = generation;
    session.reported = access("/proc/self/maps", R_OK) == 0 ? session_report() : loaded_report(session.dwfl);
    return session.reported ? session.dwfl : NULL;
}

/* ---- ahead of time ---- */

/* The module's file, and what belongs to it: debug information in files of its own, for each unit too. Files
   are mapped, so that nothing is opened or read afterwards. */
static int session_open_module(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
                               void *ctx)
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = NULL, whole;
    (void)user, (void)name, (void)start, (void)ctx;
    (void)dwfl_module_getelf(module, &bias);
    (void)dwfl_module_getsymtab(module);
    Dwarf *dwarf = dwfl_module_getdwarf(module, &bias);
    if (dwarf != NULL)
        (void)dwarf_getalt(dwarf);
    while (dwarf != NULL && (unit = dwfl_module_nextcu(module, unit, &bias)) != NULL) {
        whole = *unit;
        (void)session_unit(&whole);
    }
    return DWARF_CB_OK;
}

bool session_prepare(void)
{
    Dwfl *dwfl = session_now();
    return dwfl != NULL && dwfl_getmodules(dwfl, session_open_module, NULL, 0) >= 0;
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
