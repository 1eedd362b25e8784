/* SPDX-License-Identifier: BSD-2-Clause */
#include "place.h"
#include "../symbol/find.h"
#include "../symbol/symbol.h"
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Not in every program. */
#pragma weak dladdr
#pragma weak pond_symbol_frames

/* ---- modules ---- */

/* The program has no name for the loader; without /proc it has that by which it was started. */
static const char *program_path(struct memory *m)
{
    static const char gone[] = " (deleted)";
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    const char *started = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    if (length <= 0)
        return memory_text(m, started != NULL ? started : "program");
    path[length] = 0;
    char *suffix = (size_t)length < sizeof gone ? NULL : path + length - (sizeof gone - 1);
    if (suffix != NULL && strcmp(suffix, gone) == 0)
        *suffix = 0;
    return memory_text(m, path);
}

static const char *module_build_id(struct memory *m, const struct dl_phdr_info *module)
{
    size_t size = 0;
    const unsigned char *id = find_build_id(module, &size);
    char *text = memory_take(m, 2 * size + 1);
    for (size_t i = 0; id != NULL && text != NULL && i < size; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", id[i]);
    return text;
}

static int module_add(struct dl_phdr_info *module, size_t size, void *ctx)
{
    struct places *p = ctx;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    const char *path =
        module->dlpi_name[0] == 0 ? program_path(p->memory) : memory_text(p->memory, module->dlpi_name);
    const char *build_id = module_build_id(p->memory, module);
    for (size_t i = 0; i < module->dlpi_phnum && path != NULL && build_id != NULL; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        struct code *c = list_add(&p->codes, sizeof *c);
        if (c == NULL)
            return 1;
        uintptr_t first = module->dlpi_addr + part->p_vaddr;
        *c = (struct code){.used = p->codes.count == 1,
                           .start = first & ~(page - 1),
                           .end = (first + part->p_memsz + page - 1) & ~(page - 1),
                           .offset = part->p_offset & ~(uint64_t)(page - 1),
                           .bias = module->dlpi_addr,
                           .path = path,
                           .build_id = build_id};
    }
    return path == NULL || build_id == NULL;
}

static struct code *code_of(const struct places *p, uintptr_t at)
{
    struct code *codes = p->codes.items;
    for (size_t i = 0; i < p->codes.count; i++)
        if (at >= codes[i].start && at < codes[i].end)
            return &codes[i];
    return NULL;
}

/* ---- places ---- */

static int by_pc(const void *one, const void *other)
{
    const struct place *a = one, *b = other;
    return ((uintptr_t)a->pc > (uintptr_t)b->pc) - ((uintptr_t)a->pc < (uintptr_t)b->pc);
}

static bool places_collect(struct places *p, const struct snapshot *s)
{
    const struct stack *stacks = s->stacks.items;
    size_t all = 0, kept = 0;
    for (size_t i = 0; i < s->stacks.count; i++)
        all += stacks[i].count;
    if ((p->places = memory_take(p->memory, all * sizeof *p->places)) == NULL)
        return false;
    for (size_t i = 0; i < s->stacks.count; i++)
        for (size_t k = 0; k < stacks[i].count; k++)
            p->places[p->count++].pc = stacks[i].pcs[k];
    if (all > 1)
        qsort(p->places, all, sizeof *p->places, by_pc);
    for (size_t i = 0; i < all; i++)
        if (kept == 0 || p->places[kept - 1].pc != p->places[i].pc)
            p->places[kept++] = p->places[i];
    p->count = kept;
    for (size_t i = 0; i < kept; i++) {
        struct code *code = code_of(p, (uintptr_t)p->places[i].pc - 1);
        if (code != NULL)
            code->used = true;
        p->places[i].code = code;
        p->places[i].last = &p->places[i].frames;
    }
    return true;
}

const struct place *places_of(const struct places *p, const void *pc)
{
    struct place wanted = {.pc = pc};
    return bsearch(&wanted, p->places, p->count, sizeof wanted, by_pc);
}

/* ---- functions ---- */

typedef int symbol_frames(const void *const *pcs, size_t count, pond_symbol_taker *take, void *ctx);

/* libpond-symbol, once it was found: linked, loaded already, or beside this library. */
static symbol_frames *symbolizer(const struct places *p)
{
    static symbol_frames *found;
    const char *wanted = getenv("POND_SYMBOLIZE");
    if (wanted != NULL && strcmp(wanted, "0") == 0)
        return NULL;
    if (pond_symbol_frames != NULL)
        return pond_symbol_frames;
    symbol_frames *frames = __atomic_load_n(&found, __ATOMIC_RELAXED);
    const struct code *own = code_of(p, (uintptr_t)symbolizer);
    /* Of the program's own directory nothing is loaded: its code is the first. */
    const char *path = own == NULL || own == p->codes.items ? "" : own->path;
    void *library = frames != NULL ? NULL : find_library(path, FIND_LIBRARY("symbol"));
    if (library != NULL)
        *(void **)&frames = dlsym(library, "pond_symbol_frames");
    __atomic_store_n(&found, frames, __ATOMIC_RELAXED);
    return frames;
}

struct taker {
    struct places *places;
    bool failed;
};

static void place_add(struct taker *t, struct place *at, const pond_symbol_frame *told)
{
    struct memory *m = t->places->memory;
    struct frame *f = memory_take(m, sizeof *f);
    if (f != NULL) {
        f->function = memory_text(m, told->function);
        f->symbol = memory_text(m, told->symbol);
        f->file = memory_text(m, told->file != NULL ? told->file : "");
        f->line = told->line;
        f->offset = told->offset;
        f->inlined = told->inlined;
        *at->last = f;
        at->last = &f->next;
    }
    t->failed = t->failed || f == NULL || f->function == NULL || f->symbol == NULL || f->file == NULL;
}

static void take_frame(const pond_symbol_frame *told, void *ctx)
{
    struct taker *t = ctx;
    if (!t->failed)
        place_add(t, &t->places->places[told->index], told);
}

static bool places_ask(struct places *p)
{
    struct taker taker = {.places = p};
    symbol_frames *frames = p->count == 0 ? NULL : symbolizer(p);
    const void **pcs = frames == NULL ? NULL : memory_take(p->memory, p->count * sizeof *pcs);
    for (size_t i = 0; pcs != NULL && i < p->count; i++)
        pcs[i] = p->places[i].pc;
    if (pcs != NULL)
        (void)frames(pcs, p->count, take_frame, &taker);
    return !taker.failed && (frames == NULL || pcs != NULL);
}

/* Exported functions, where nothing else is known. */
static bool places_ask_loader(struct places *p)
{
    struct taker taker = {.places = p};
    Dl_info known;
    for (size_t i = 0; i < p->count && dladdr != NULL && !taker.failed; i++) {
        const char *call = (const char *)p->places[i].pc - 1;
        if (p->places[i].frames != NULL || dladdr(call, &known) == 0 || known.dli_sname == NULL)
            continue;
        pond_symbol_frame frame = {.function = known.dli_sname,
                                   .symbol = known.dli_sname,
                                   .offset = (size_t)(call - (const char *)known.dli_saddr)};
        place_add(&taker, &p->places[i], &frame);
    }
    return !taker.failed;
}

/* What is said of a whole module: what is known of any of its places. A tool then takes it as it is. */
static void places_sum_up(struct places *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct code *c = code_of(p, (uintptr_t)p->places[i].pc - 1);
        for (const struct frame *f = p->places[i].frames; c != NULL && f != NULL; f = f->next) {
            c->functions = true;
            c->files = c->files || f->file[0] != 0;
            c->lines = c->lines || f->line > 0;
            c->inlined = c->inlined || f->inlined;
        }
    }
}

bool places_find(struct places *p, struct snapshot *s)
{
    *p = (struct places){.memory = &s->memory};
    if (dl_iterate_phdr(module_add, p) != 0 || !places_collect(p, s) || !places_ask(p))
        return false;
    bool symbolised = false;
    for (size_t i = 0; i < p->count; i++)
        symbolised = symbolised || p->places[i].frames != NULL;
    if (!places_ask_loader(p))
        return false;
    if (symbolised)
        places_sum_up(p);
    return true;
}

void places_free(struct places *p)
{
    list_free(&p->codes);
}

const char *place_name(const struct places *p, const struct place *at)
{
    if (at->frames != NULL)
        return at->frames->function;
    uintptr_t call = (uintptr_t)at->pc - 1;
    if (at->code == NULL)
        return memory_format(p->memory, "0x%zx", (size_t)at->pc);
    const char *slash = strrchr(at->code->path, '/');
    return memory_format(p->memory, "%s+0x%zx", slash != NULL ? slash + 1 : at->code->path,
                         (size_t)(call - at->code->bias));
}
