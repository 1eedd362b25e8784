// SPDX-License-Identifier: BSD-2-Clause
// The modules of the process, noted when an address of one is seen for the first time: one may be loaded
// late.
#include "scout.h"

#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_known(uint64_t pc)
{
    for (uint32_t i = 0; i < file->module_count; i++)
        if (pc >= file->modules[i].low && pc < file->modules[i].high)
            return true;
    return false;
}

static struct scout_module module_of(const struct dl_phdr_info *info)
{
    struct scout_module m = {.low = UINT64_MAX, .bias = info->dlpi_addr};
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD)
            continue;
        uint64_t low = info->dlpi_addr + part->p_vaddr, high = low + part->p_memsz;
        m.low = low < m.low ? low : m.low;
        m.high = high > m.high ? high : m.high;
    }
    if (info->dlpi_name != NULL)
        strncpy(m.path, info->dlpi_name, sizeof m.path - 1);
    return m;
}

static int note_module(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    struct scout_module m = module_of(info);
    if (m.high == 0 || is_known(m.low) || file->module_count == SCOUT_MODULES)
        return 0;
    if (m.path[0] == '\0' && file->module_count == 0)
        memcpy(m.path, file->program, sizeof file->program);
    file->modules[file->module_count] = m;
    file->module_count++;
    return 0;
}

// One thread at a time: another one that meets a new module meanwhile leaves it to the next chain.
void modules_know(const struct chain *c)
{
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    bool all = true;
    for (uint32_t i = 0; i < c->depth; i++)
        all = all && is_known(c->pc[i]);
    if (all || atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        return;
    (void)dl_iterate_phdr(note_module, NULL);
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

// The first module is the program.
void modules_program(void)
{
    ssize_t length = readlink("/proc/self/exe", file->program, sizeof file->program - 1);
    file->program[length > 0 ? length : 0] = '\0';
    (void)dl_iterate_phdr(note_module, NULL);
    if (file->module_count > 0)
        chain_program(file->modules[0].low, file->modules[0].high);
}
