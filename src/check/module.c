/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Return address -> text. What the loader knows is always there: module, offset, build id, and the names
 * of exported functions. The rest a symbolizer says: the user's own, or libpond-symbol.
 *
 *   1. One thread at a time is with the symbolizer. Another one waits, but not for ever; one that comes back
 *      out of it (it trapped, or the symbolizer uses a pond) does without it.
 *   2. In a forked child the symbolizer may be in the middle of something that no thread will end: if so, the
 *      child does without it.
 */
#include "module.h"
#include "../entry.h"
#include "../os.h"
#include "../symbol/find.h"
#include "../symbol/symbol.h"
#include "../watch.h"
#include "../write/source.h"
#include <errno.h>
#include <pond/debug.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not in every program: a static one has no loader, and libpond-symbol is an offer. */
#pragma weak dladdr
#pragma weak pond_symbol_describe
#pragma weak pond_symbol_field
#pragma weak pond_symbol_prepare
#pragma weak pond_profile_write_from

/* ---- text ---- */

struct module_text {
    char *text;
    size_t n, length; /* of what is written already, the NUL not counted: less than n */
};

static void module_say(struct module_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void module_say(struct module_text *t, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is */
    int length = vsnprintf(t->text + t->length, t->n - t->length, format, values);
    va_end(values);
    if (length > 0)
        t->length = MIN(t->length + (size_t)length, t->n - 1);
}

/* ---- where an address is ---- */

#define BUILD_ID_MOST 32 /* bytes; 20 are usual */

struct module_place {
    uintptr_t pc; /* looked for */
    bool found;
    size_t offset; /* as in the module's file: what addr2line takes */
    size_t id_size;
    unsigned char id[BUILD_ID_MOST];
    char path[512]; /* "": the program */
};

static bool place_is_in(const struct dl_phdr_info *module, uintptr_t pc)
{
    uintptr_t offset = pc - module->dlpi_addr;
    for (size_t i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && offset - part->p_vaddr < part->p_memsz)
            return true;
    }
    return false;
}

static void place_read_id(struct module_place *place, const struct dl_phdr_info *module)
{
    size_t size = 0;
    const unsigned char *id = find_build_id(module, &size);
    place->id_size = id == NULL ? 0 : MIN(size, BUILD_ID_MOST);
    if (id != NULL)
        memcpy(place->id, id, place->id_size);
}

static int place_look(struct dl_phdr_info *module, size_t size, void *argument)
{
    struct module_place *place = argument;
    (void)size;
    if (!place_is_in(module, place->pc))
        return 0;
    place->found = true;
    place->offset = place->pc - module->dlpi_addr;
    (void)snprintf(place->path, sizeof place->path, "%s", module->dlpi_name);
    place_read_id(place, module);
    return 1;
}

static struct module_place place_find(uintptr_t pc)
{
    struct module_place place = {.pc = pc};
    (void)dl_iterate_phdr(place_look, &place);
    return place;
}

/* The program's path, as it was when pond_prepare was called; else it is asked for each time. */
static struct {
    char path[512];
    bool known;
} program;

/* Asks for the program's path, which the loader does not tell. */
static void place_name_program(struct module_place *place)
{
    if (__atomic_load_n(&program.known,
                        __ATOMIC_ACQUIRE)) { /* Pairs with program_remember: the path is there */
        memcpy(place->path, program.path, sizeof place->path);
        return;
    }
    ssize_t length = readlink("/proc/self/exe", place->path, sizeof place->path - 1);
    if (length > 0)
        place->path[length] = 0;
    else
        (void)snprintf(place->path, sizeof place->path, "%s", "program");
}

/* Keeps the program's path. With the symbolizer entered: nobody else writes it. */
static void program_remember(void)
{
    struct module_place place = {.found = true};
    if (__atomic_load_n(&program.known, __ATOMIC_ACQUIRE)) /* Pairs with the store below */
        return;
    place_name_program(&place);
    memcpy(program.path, place.path, sizeof program.path);
    __atomic_store_n(&program.known, true, __ATOMIC_RELEASE); /* Pairs with place_name_program */
}

static void place_say(struct module_place *place, struct module_text *t)
{
    if (place->path[0] == 0)
        place_name_program(place);
    const char *slash = strrchr(place->path, '/');
    module_say(t, "%s+0x%zx", slash == NULL ? place->path : slash + 1, place->offset);
}

static void place_say_id(const struct module_place *place, struct module_text *t, const char *before)
{
    if (place->id_size == 0)
        return;
    module_say(t, "%sbuild id ", before);
    for (size_t i = 0; i < place->id_size; i++)
        module_say(t, "%02x", place->id[i]);
}

/* ---- the symbolizer ---- */

static struct {
    pond_symbolizer *users;
    pid_t process; /* whose thread is with the symbolizer; 0: none is. Changed by compare-and-swap */
    bool looked_for;
    size_t (*describe)(const void *pc, char *text, size_t n);
    size_t (*field)(const char *type, size_t offset, char *text, size_t n);
    int (*prepare)(void);
} symbolizer;

static __thread bool symbolizer_mine POND_TLS_; /* this thread is with it */

#define SYMBOLIZER_WAITS 20000 /* naps: some seconds */

static bool symbolizer_wait(pid_t process)
{
    for (int naps = 0; naps < SYMBOLIZER_WAITS; naps++) {
        pid_t other = 0;
        /* Pairs with symbolizer_leave: what the last one did there is seen. */
        if (__atomic_compare_exchange_n(&symbolizer.process, &other, process, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
        if (other != process)
            return false; /* the parent's */
        os_nap();
    }
    return false;
}

/* Enters the symbolizer. The thread is not to be cancelled meanwhile: the symbolizer would be nobody's for
   ever. False: it cannot be had. */
static bool symbolizer_enter(int *cancel)
{
    if (symbolizer_mine)
        return false;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, cancel);
    symbolizer_mine = symbolizer_wait(getpid());
    if (!symbolizer_mine)
        (void)pthread_setcancelstate(*cancel, NULL);
    return symbolizer_mine;
}

static void symbolizer_leave(int cancel)
{
    symbolizer_mine = false;
    POND_ASSERT(LOAD(symbolizer.process) != 0);                 /* Relaxed: it is this thread's */
    __atomic_store_n(&symbolizer.process, 0, __ATOMIC_RELEASE); /* Pairs with symbolizer_wait */
    (void)pthread_setcancelstate(cancel, NULL);
}

void *watch_library(const char *file)
{
    return find_library(place_find((uintptr_t)&symbolizer).path, file);
}

static void symbolizer_open(void)
{
    void *library = watch_library(FIND_LIBRARY("symbol"));
    if (library == NULL)
        return;
    *(void **)&symbolizer.describe = dlsym(library, "pond_symbol_describe");
    *(void **)&symbolizer.field = dlsym(library, "pond_symbol_field");
    *(void **)&symbolizer.prepare = dlsym(library, "pond_symbol_prepare");
}

/* Looks for libpond-symbol, once. With the symbolizer entered. */
static void symbolizer_look_for(void)
{
    if (symbolizer.looked_for)
        return;
    symbolizer.looked_for = true;
    const char *wanted = getenv("POND_SYMBOLIZE");
    if (wanted != NULL && strcmp(wanted, "0") == 0)
        return;
    symbolizer.describe = pond_symbol_describe;
    symbolizer.field = pond_symbol_field;
    symbolizer.prepare = pond_symbol_prepare;
    if (symbolizer.describe == NULL)
        symbolizer_open();
}

void pond_on_symbol(pond_symbolizer *users)
{
    __atomic_store_n(&symbolizer.users, users, __ATOMIC_RELEASE); /* Pairs with symbolizer_call */
}

static size_t symbolizer_call(const void *pc, char *text, size_t n)
{
    /* Pairs with pond_on_symbol: what the program prepared for it is seen. */
    pond_symbolizer *users = __atomic_load_n(&symbolizer.users, __ATOMIC_ACQUIRE);
    if (users != NULL)
        return users(pc, text, n);
    symbolizer_look_for();
    return symbolizer.describe == NULL ? 0 : symbolizer.describe(pc, text, n);
}

/* Has the symbolizer write of the address, however the user's own counts, and whether or not it ends its last
   line. */
static void symbolizer_say(const void *pc, struct module_text *t)
{
    int cancel;
    if (!symbolizer_enter(&cancel))
        return;
    t->text[0] = 0;
    uint32_t entry = entry_pause(); /* the program's own may use ponds */
    if (symbolizer_call(pc, t->text, t->n) > 0)
        t->length = strnlen(t->text, t->n - 1);
    entry_resume(entry);
    symbolizer_leave(cancel);
    while (t->length > 0 && t->text[t->length - 1] == '\n')
        t->length--;
    t->text[t->length] = 0;
}

/* ---- a frame, a field ---- */

/* Names the exported function that the address lies in; static programs have none. */
static bool module_say_exported(uintptr_t pc, struct module_text *t)
{
    Dl_info known;
    const void *address = (const void *)pc;
    if (dladdr == NULL || dladdr(address, &known) == 0 || known.dli_sname == NULL)
        return false;
    module_say(t, "%s+0x%zx", known.dli_sname, (size_t)(pc - (uintptr_t)known.dli_saddr));
    return true;
}

static void module_say_raw(struct module_place *place, struct module_text *t)
{
    bool named = module_say_exported(place->pc, t);
    if (named)
        module_say(t, " (");
    place_say(place, t);
    place_say_id(place, t, named ? ", " : " (");
    if (named || place->id_size > 0)
        module_say(t, ")");
}

/* Makes no system call, and loads nothing. */
size_t module_locate(const void *pc, char *text, size_t n)
{
    struct module_place place = place_find((uintptr_t)pc - 1);
    const char *slash = strrchr(place.path, '/');
    const char *name = place.path[0] == 0 ? "program" : slash == NULL ? place.path : slash + 1;
    struct module_text t = {.text = text, .n = n};
    if (place.found)
        module_say(&t, "%s+0x%zx", name, place.offset);
    else
        module_say(&t, "0x%zx", (size_t)pc);
    return t.length;
}

/* Describes the byte before pc, which returns there: a call may be the last thing in its function, or on its
   line. */
size_t module_describe(const void *pc, char *text, size_t n)
{
    if (n == 0)
        return 0;
    int saved = errno;
    struct module_text t = {.text = text, .n = n};
    text[0] = 0;
    struct module_place place = place_find((uintptr_t)pc - 1);
    symbolizer_say(pc, &t);
    if (!place.found && t.length == 0)
        module_say(&t, "0x%zx", (size_t)pc);
    else if (place.found && t.length == 0)
        module_say_raw(&place, &t);
    else if (place.found) {
        module_say(&t, " (");
        place_say(&place, &t);
        module_say(&t, ")");
    }
    errno = saved;
    return t.length;
}

/* The user's or libpond-symbol; also where it cannot be said, since this thread is with it. */
static bool symbolizer_is_there(void)
{
    int cancel;
    if (__atomic_load_n(&symbolizer.users, __ATOMIC_ACQUIRE) != NULL || !symbolizer_enter(&cancel))
        return true;
    symbolizer_look_for();
    bool there = symbolizer.describe != NULL;
    symbolizer_leave(cancel);
    return there;
}

size_t module_command(const void *const *pcs, size_t count, char *text, size_t n)
{
    int saved = errno;
    struct module_text t = {.text = text, .n = n};
    if (n == 0 || count == 0 || symbolizer_is_there())
        return 0;
    struct module_place first = place_find((uintptr_t)pcs[0] - 1);
    for (size_t i = 0; i < count && first.found; i++) {
        struct module_place place = place_find((uintptr_t)pcs[i] - 1);
        if (!place.found || strcmp(place.path, first.path) != 0)
            continue;
        if (t.length == 0 && place.path[0] == 0)
            place_name_program(&place);
        if (t.length == 0)
            module_say(&t, "addr2line -Cfipe %s", place.path);
        module_say(&t, " 0x%zx", place.offset);
    }
    errno = saved;
    return t.length;
}

size_t module_field(const char *type, size_t offset, char *text, size_t n)
{
    int saved = errno, cancel;
    size_t length = 0;
    if (n == 0 || !symbolizer_enter(&cancel))
        return 0;
    text[0] = 0;
    symbolizer_look_for();
    if (symbolizer.field != NULL && symbolizer.field(type, offset, text, n) > 0)
        length = strnlen(text, n - 1);
    symbolizer_leave(cancel);
    errno = saved;
    return length;
}

bool module_prepare(void)
{
    int cancel;
    if (!symbolizer_enter(&cancel))
        return false;
    program_remember();
    symbolizer_look_for();
    if (pond_profile_write_from == NULL && symbolizer.prepare != NULL)
        (void)watch_library(FIND_LIBRARY("profile"));
    bool ready = symbolizer.prepare != NULL && symbolizer.prepare() == 0;
    symbolizer_leave(cancel);
    return ready;
}
