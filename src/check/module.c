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
#include "../entry.h"
#include "../symbol/symbol.h"
#include "check.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not in every program: a static one has no loader, and libpond-symbol is an offer. */
#pragma weak dlsym
#pragma weak dladdr
#pragma weak pond_symbol_describe
#pragma weak pond_symbol_field

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

static size_t place_round(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

static void place_take_id(struct module_place *place, const unsigned char *id, size_t size)
{
    place->id_size = MIN(size, BUILD_ID_MOST);
    memcpy(place->id, id, place->id_size);
}

/* Notes are {sizes, type, name, value}, name and value each padded. */
static void place_read_notes(struct module_place *place, const unsigned char *notes, size_t size,
                             size_t align)
{
    ElfW(Nhdr) note;
    while (size >= sizeof note) {
        memcpy(&note, notes, sizeof note);
        size_t value = place_round(sizeof note + note.n_namesz, align);
        size_t whole = place_round(value + note.n_descsz, align);
        if (value + note.n_descsz > size)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + sizeof note, "GNU", 4) == 0)
            place_take_id(place, notes + value, note.n_descsz);
        notes += MIN(whole, size);
        size -= MIN(whole, size);
    }
}

static void place_read_id(struct module_place *place, const struct dl_phdr_info *module)
{
    for (size_t i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        const unsigned char *notes = (const unsigned char *)(module->dlpi_addr + part->p_vaddr);
        if (part->p_type == PT_NOTE)
            place_read_notes(place, notes, part->p_memsz, part->p_align == 8 ? 8 : 4);
    }
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

/* The program's path is not told by the loader. */
static void place_name_program(struct module_place *place)
{
    ssize_t length = readlink("/proc/self/exe", place->path, sizeof place->path - 1);
    if (length > 0)
        place->path[length] = 0;
    else
        (void)snprintf(place->path, sizeof place->path, "%s", "program");
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
} symbolizer;

static __thread bool symbolizer_mine POND_TLS_; /* this thread is with it */

#define SYMBOLIZER_WAITS 20000 /* naps: some seconds */

static bool symbolizer_wait(pid_t process)
{
    for (int naps = 0; naps < SYMBOLIZER_WAITS; naps++) {
        pid_t other = 0;
        if (__atomic_compare_exchange_n(&symbolizer.process, &other, process, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
        if (other != process)
            return false; /* the parent's */
        os_nap();
    }
    return false;
}

/* Not to be cancelled meanwhile: the symbolizer would be nobody's for ever. */
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
    __atomic_store_n(&symbolizer.process, 0, __ATOMIC_RELEASE);
    (void)pthread_setcancelstate(cancel, NULL);
}

#define SYMBOLIZER_TEXT_(number) #number
#define SYMBOLIZER_TEXT(number) SYMBOLIZER_TEXT_(number)
#define SYMBOLIZER_FILE "libpond-symbol.so." SYMBOLIZER_TEXT(POND_VERSION_MAJOR)

typedef void *symbolizer_opener(const char *file, int mode);

/* The one that lies beside libpond.so fits it best. */
static void *symbolizer_open_beside(symbolizer_opener *open_file)
{
    struct module_place own = place_find((uintptr_t)&symbolizer);
    char *slash = strrchr(own.path, '/');
    size_t room = slash == NULL ? 0 : sizeof own.path - (size_t)(slash + 1 - own.path);
    if (room < sizeof SYMBOLIZER_FILE)
        return NULL;
    memcpy(slash + 1, SYMBOLIZER_FILE, sizeof SYMBOLIZER_FILE);
    return open_file(own.path, RTLD_NOW | RTLD_LOCAL);
}

/* dlopen is asked for by name: the linker warns of any mention of it in a static program. */
static void symbolizer_open(void)
{
    symbolizer_opener *open_file = NULL;
    if (dlsym != NULL)
        *(void **)&open_file = dlsym(RTLD_DEFAULT, "dlopen");
    if (open_file == NULL)
        return;
    void *library = symbolizer_open_beside(open_file);
    if (library == NULL)
        library = open_file(SYMBOLIZER_FILE, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    *(void **)&symbolizer.describe = dlsym(library, "pond_symbol_describe");
    *(void **)&symbolizer.field = dlsym(library, "pond_symbol_field");
}

/* Once, and with the symbolizer entered. */
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
    if (symbolizer.describe == NULL)
        symbolizer_open();
}

void pond_on_symbol(pond_symbolizer *users)
{
    __atomic_store_n(&symbolizer.users, users, __ATOMIC_RELEASE);
}

static size_t symbolizer_call(const void *pc, char *text, size_t n)
{
    pond_symbolizer *users = __atomic_load_n(&symbolizer.users, __ATOMIC_ACQUIRE);
    if (users != NULL)
        return users(pc, text, n);
    symbolizer_look_for();
    return symbolizer.describe == NULL ? 0 : symbolizer.describe(pc, text, n);
}

/* However the user's symbolizer counts, and whether it ends its last line or not. */
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

/* An exported function; static programs have none. */
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

/* No system call, and nothing is loaded. */
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

/* A call may be the last thing in its function, or on its line: what returns to pc is the byte before. */
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
