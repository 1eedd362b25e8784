/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of a test's functions, those that are not exported included: from its own file's symbol table. */
#ifndef TEST_SUPPORT_SYMBOLS_H
#define TEST_SUPPORT_SYMBOLS_H

#include <stddef.h>

/* Writes "function+0x1f" of this executable's pc to text, cut to n bytes; "?" where no function is known. */
void symbol_name(const void *pc, char *text, size_t n);

#endif
