/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libpond-symbol offers to libpond, which finds it by these names when it is linked or can be loaded.
 * It reads debug information with libdw. Any thread may ask at any time: one waits for the other, some
 * seconds at most, and then nothing is known. So it is in a child forked while a thread was being answered.
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

/* A function at an address. Inlined ones come before those that they are inlined in. */
typedef struct pond_symbol_frame {
    size_t index;         /* of the address */
    const char *function; /* as in the source, in C++ with class and arguments */
    const char *symbol;   /* the linker's name; the same in C */
    const char *file;     /* its path; NULL: not known */
    int line;             /* of the call; 0: not known */
    size_t offset;        /* of the address in the function */
    bool inlined;
} pond_symbol_frame;

typedef void pond_symbol_taker(const pond_symbol_frame *frame, void *ctx);

/*
 * Calls take(frame, ctx) for each function of each of these return addresses, in their order, on a thread of
 * its own; nothing for those of which nothing is known. *frame is valid during the call. Returns 0, or -1
 * when nobody could be asked. A profile has thousands of addresses: a thread for each would cost more than
 * the answer.
 */
POND_API int pond_symbol_frames(const void *const *pcs, size_t count, pond_symbol_taker *take, void *ctx);

/*
 * Opens what later answers need of all modules that are loaded now, so that these come without a file: see
 * pond_prepare. Returns 0, or -1.
 */
POND_API int pond_symbol_prepare(void);

#endif
