/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libpond-symbol offers to libpond, which finds it by these names when it is linked or can be loaded.
 * It reads debug information with libdw. Not for two threads at once: libpond sees to that.
 */
#ifndef POND_SYMBOL_H
#define POND_SYMBOL_H

#include <pond/pond.h>

/*
 * As a pond_symbolizer (pond/debug.h): "function file:line" of a return address, each function that was
 * inlined there on a line of its own before it, marked "(inlined)". Keeps nothing of errno.
 */
POND_API size_t pond_symbol_describe(const void *pc, char *text, size_t n);

/*
 * The field at this offset of a type ("struct conn", "conn" or a typedef's name; with its namespaces):
 * "token", "peer.port", "items[3]". Cut to n bytes with a final NUL; returns its length, 0: not known.
 */
POND_API size_t pond_symbol_field(const char *type, size_t offset, char *text, size_t n);

#endif
