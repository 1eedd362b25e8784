/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SCOUT_CALL_H
#define SCOUT_CALL_H

#include "../../symbol/session.h"

/* The function that the call in this scope is for which returns to pc. False: not known. */
bool call_find(Dwarf_Die *scope, Dwarf_Addr pc, Dwarf_Die *function);

#endif
