// SPDX-License-Identifier: BSD-2-Clause
// Names of the chains' addresses, by libpond-symbol, which is told of the modules that the process had.
#include "scout.h"

#include "../../symbol/session.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static Dwfl *open_session(const struct scout_file *f)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = separate_find,
                                             .section_address = dwfl_offline_section_address};
    Dwfl *dwfl = dwfl_begin(&callbacks);
    if (dwfl == NULL)
        return NULL;
    dwfl_report_begin(dwfl);
    for (uint32_t i = 0; i < f->module_count; i++) {
        const struct scout_module *m = &f->modules[i];
        int fd = m->path[0] == '/' ? open(m->path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd >= 0 && dwfl_report_elf(dwfl, base_name(m->path), m->path, fd, m->bias, true) == NULL)
            close(fd);
    }
    return dwfl_report_end(dwfl, NULL, NULL) == 0 ? dwfl : NULL;
}

static const struct scout_module *module_of(const struct scout_file *f, uint64_t pc)
{
    for (uint32_t i = 0; i < f->module_count; i++)
        if (pc >= f->modules[i].low && pc < f->modules[i].high)
            return &f->modules[i];
    return NULL;
}

// ---- what is not asked who asks: libc, allocators ----

static bool is_system(const struct scout_module *m)
{
    static const char *const names[] = {"libc.so",     "libc-",       "ld-linux",      "libpthread",
                                        "libstdc++",   "libc++",      "libgcc_s",      "libjemalloc",
                                        "libtcmalloc", "libmimalloc", "libpond-scout", "libm.so"};
    const char *name = base_name(m->path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static bool is_allocator(const char *function)
{
    static const char *const names[] = {"malloc",        "calloc",           "realloc",       "strdup",
                                        "strndup",       "memdup",           "operator new",  "memalign",
                                        "aligned_alloc", "allocator_traits", "new_allocator", "_M_allocate"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasestr(function, names[i]) != NULL)
            return true;
    return false;
}

// Templates of the C++ library are compiled into the program.
static bool is_of_cpp(const char *path)
{
    return path != NULL && (strstr(path, "/include/c++/") != NULL || strstr(path, "/c++/v1/") != NULL);
}

// ---- all addresses at once ----

struct place {
    uint64_t pc;
    frame *frames; /* the functions that were inlined there first */
    size_t count;
    frame *called; /* whom it calls; NULL: not known */
};

struct places {
    const struct scout_file *file;
    struct place *all;
    size_t count;
};

static void add_frame(struct place *at, const struct scout_file *f, const char *function, const char *path,
                      int line)
{
    at->frames = realloc(at->frames, (at->count + 1) * sizeof *at->frames);
    if (at->frames == NULL)
        end_with("there is not enough memory.");
    const struct scout_module *m = module_of(f, at->pc);
    bool program = m != NULL && m == &f->modules[0];
    at->frames[at->count++] =
        (frame){.function = text_of("%s", function),
                .file = path != NULL ? text_of("%s", path) : NULL,
                .line = line,
                .pc = at->pc,
                .module = m,
                .program = program,
                .skipped = (m != NULL && is_system(m)) || is_allocator(function) || is_of_cpp(path)};
}

static void take_frame(const pond_symbol_frame *found, void *context)
{
    struct places *p = context;
    add_frame(&p->all[found->index], p->file, found->function, found->file, found->line);
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static struct places gather(const struct scout_file *f)
{
    uint64_t *pcs = allocate((size_t)f->chain_count * SCOUT_DEPTH, sizeof *pcs);
    size_t count = 0, different = 0;
    for (uint32_t i = 1; i <= f->chain_count; i++)
        for (uint32_t k = 0; k < f->chains[i].depth; k++)
            pcs[count++] = f->chains[i].pc[k];
    qsort(pcs, count, sizeof *pcs, by_address);
    struct places p = {.file = f, .all = allocate(count, sizeof *p.all)};
    for (size_t i = 0; i < count; i++)
        if (i == 0 || pcs[i] != pcs[i - 1])
            p.all[different++].pc = pcs[i];
    p.count = different;
    free(pcs);
    return p;
}

static void find_callee(struct place *at)
{
    callee c;
    const frame *caller = &at->frames[0];
    if (caller->skipped || !callee_of(at->pc, &c) || is_allocator(c.function))
        return;
    at->called = allocate(1, sizeof *at->called);
    *at->called = *caller;
    at->called->function = c.function;
    at->called->gone = true;
    if (c.file != NULL) {
        at->called->file = c.file;
        at->called->line = c.line;
    }
}

static void name_all(struct places *p)
{
    const void **pcs = allocate(p->count, sizeof *pcs);
    for (size_t i = 0; i < p->count; i++)
        pcs[i] = (const void *)(uintptr_t)p->all[i].pc; /* NOLINT(performance-no-int-to-ptr) */
    Dwfl *dwfl = open_session(p->file);
    if (dwfl != NULL) {
        session_be(dwfl);
        describe_frames(pcs, p->count, take_frame, p);
    }
    for (size_t i = 0; i < p->count; i++) {
        struct place *at = &p->all[i];
        const struct scout_module *m = module_of(p->file, at->pc);
        if (at->count == 0)
            add_frame(at, p->file,
                      m == NULL ? "?"
                                : text_of("%s+0x%zx", base_name(m->path), (size_t)(at->pc - 1 - m->bias)),
                      NULL, 0);
        if (dwfl != NULL)
            find_callee(at);
    }
    free(pcs);
}

// The function that was called from there has left no frame: the next one in is another.
static bool has_gone(const struct place *at, const struct place *inner)
{
    return at->called != NULL &&
           (inner == NULL || strcmp(inner->frames[inner->count - 1].function, at->called->function) != 0);
}

static chain chain_of(const struct scout_chain *c, const struct places *p)
{
    chain named = {.count = 0};
    const struct place *places[SCOUT_DEPTH];
    for (uint32_t i = 0; i < c->depth; i++) {
        places[i] = bsearch(&c->pc[i], p->all, p->count, sizeof *p->all, by_address);
        named.count += places[i]->count + 1;
    }
    named.frames = allocate(named.count, sizeof *named.frames);
    frame *to = named.frames;
    for (uint32_t i = 0; i < c->depth; i++) {
        if (has_gone(places[i], i > 0 ? places[i - 1] : NULL))
            *to++ = *places[i]->called;
        memcpy(to, places[i]->frames, places[i]->count * sizeof *to);
        to += places[i]->count;
    }
    named.count = (size_t)(to - named.frames);
    return named;
}

void name_chains(process *p)
{
    struct places places = gather(p->file);
    name_all(&places);
    p->chains = allocate(p->file->chain_count + 1, sizeof *p->chains);
    for (uint32_t i = 1; i <= p->file->chain_count; i++)
        p->chains[i] = chain_of(&p->file->chains[i], &places);
}
