/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SCOUT_CALL_H
#define SCOUT_CALL_H

#include "../../symbol/session.h"

/* The function that the call in this scope is for which returns to pc. False: not known. */
bool call_find(Dwarf_Die *scope, Dwarf_Addr pc, Dwarf_Die *function);

/*
 * The scopes around that call, innermost first, to be freed; each inlined function's are those of the
 * function that it was inlined into (dwarf_getscopes would go on with where it was written). Returns how
 * many.
 */
int call_scopes(uint64_t pc, Dwfl_Module **module, Dwarf_Addr *bias, Dwarf_Die **scopes);

#endif
