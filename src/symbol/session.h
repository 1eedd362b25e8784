/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of libpond-symbol share: libdw's view of this process, and text. */
#ifndef POND_SYMBOL_SESSION_H
#define POND_SYMBOL_SESSION_H

#include "symbol.h"
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

/* All modules that are loaded now; NULL: not to be had. */
Dwfl *session_now(void);

/* From now on modules are these alone, of another process for instance. */
void session_be(Dwfl *dwfl);

/* Changes whenever a module is loaded or unloaded. */
uint64_t session_generation(void);

/* The callbacks of session.c that look for debug information in a file of its own: separate.c. */
int separate_find(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, const char *file,
                  const char *link, GElf_Word checksum, char **found);

/*
 * What has the functions and types of a unit: with -gsplit-dwarf not the unit itself. False: it is not there.
 */
bool session_unit(Dwarf_Die *unit);

/*
 * Opens what all modules that are loaded now have, so that nothing has to be opened later. False: no session.
 */
bool session_prepare(void);

/* The function of a unit that has an address: unit.c. For many addresses, one unit after the other. */
enum unit_answer { UNIT_NONE, UNIT_FOUND, UNIT_UNKNOWN /* no memory */ };
enum unit_answer unit_function(Dwarf_Die *unit, Dwarf_Addr pc, Dwarf_Die *function);
void unit_forget(void); /* before modules may have gone, and when all were asked for */

/* The modules as the loader knows them, where /proc is not there: loaded.c. */
bool loaded_report(Dwfl *dwfl);

/* Text of n bytes; length of them are written, the NUL not counted. */
struct symbol_text {
    char *text;
    size_t n, length;
};

void symbol_say(struct symbol_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

void describe_address(const void *pc, struct symbol_text *t); /* describe.c */
/* Of each of these return addresses. */
void describe_frames(const void *const *pcs, size_t count, pond_symbol_taker *take, void *ctx);
void field_describe(const char *type, size_t offset, struct symbol_text *t); /* field.c */

#endif
