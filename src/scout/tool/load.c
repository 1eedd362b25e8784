// SPDX-License-Identifier: BSD-2-Clause
// The files of a run, one for each process.
#include "scout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Nothing is believed of a file: another version may have written it, or nobody.
static bool is_sound(const struct scout_file *f)
{
    if (memcmp(f->magic, SCOUT_MAGIC, sizeof SCOUT_MAGIC) != 0 || f->bytes != sizeof *f)
        return false;
    if (f->module_count > SCOUT_MODULES || f->chain_count >= SCOUT_CHAINS || f->sim_count >= SCOUT_SIMS)
        return false;
    for (uint32_t i = 1; i <= f->chain_count; i++)
        if (f->chains[i].depth > SCOUT_DEPTH)
            return false;
    for (uint32_t i = 1; i <= f->sim_count; i++) {
        if (f->sims[i].chain == 0 || f->sims[i].chain > f->chain_count)
            return false;
        for (unsigned k = 0; k < SCOUT_ENDS; k++)
            if (f->sims[i].ends[k].chain > f->chain_count)
                return false;
    }
    return true;
}

// A copy: the process may still be counting.
static bool read_file(int directory, const char *name, process *p)
{
    struct stat about;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    struct scout_file *f = NULL;
    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size == sizeof *f) {
        f = mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        f = f == MAP_FAILED ? NULL : f;
    }
    if (fd >= 0)
        close(fd);
    if (f == NULL || !is_sound(f))
        return false;
    *p = (process){.file = f, .seconds = (double)(f->seen - f->began) / 1e9};
    for (uint32_t i = 1; i <= f->sim_count; i++)
        p->gets += f->sims[i].gets;
    return true;
}

static bool is_better(const process *p, const process *best, const asked *a)
{
    if (a->process != 0 && p->file->process != (uint32_t)a->process)
        return false;
    return best->file == NULL || p->gets > best->gets;
}

static void tell_of(const process *p)
{
    note("another process: %u, %s: %.0f allocations in %.1f s.", p->file->process,
         base_name(p->file->program), (double)p->gets, p->seconds);
}

process load(const asked *a, const char *directory)
{
    enum { TOLD = 10 };
    process best = {.file = NULL}, p;
    size_t others = 0;
    DIR *all = opendir(directory);
    if (all == NULL)
        end_with("%s cannot be read: %s.", directory, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(all)) != NULL;) {
        const char *end = strstr(entry->d_name, ".scout");
        if (end == NULL || !read_file(dirfd(all), entry->d_name, &p))
            continue;
        bool better = is_better(&p, &best, a);
        const process *other = better ? &best : &p;
        if (other->file != NULL && other->gets > 0 && a->process == 0 && others++ < TOLD)
            tell_of(other);
        if (other->file != NULL)
            munmap((void *)(uintptr_t)other->file, sizeof *other->file);
        if (better)
            best = p;
    }
    closedir(all);
    if (others > TOLD)
        note("and %zu more.", others - TOLD);
    if (best.file == NULL)
        end_with(
            "nothing was counted: is the command a static program, or one with more rights than its user?");
    return best;
}
