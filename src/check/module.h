/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns addresses of code, and offsets within types, into text (module.c). */
#ifndef POND_CHECK_MODULE_H
#define POND_CHECK_MODULE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes one frame as text without a newline at its end. With a symbolizer: "conn_open server.c:12
 * (server+0x1234)", after a line for each function that was inlined there, "conn_check server.h:7 (inlined)".
 * Without one: "server+0x1234 (build id 0123abcd...)", or where the loader knows a name "conn_open+0x12
 * (server+0x1234, build id 0123abcd...)". pc is a return address; the offset is that of the byte before it,
 * which addr2line takes. The text is cut to n bytes with a final NUL; returns the length of what was written.
 * Keeps errno.
 */
size_t module_describe(const void *pc, char *text, size_t n);

/* Writes the same by no system call: "file+0x1234" at most. */
size_t module_locate(const void *pc, char *text, size_t n);

/*
 * Writes the name of the field at this offset of a type ("struct conn", "conn"), as debug information has it:
 * "token", "peer.port", "items[3]". The text is cut to n bytes with a final NUL; returns the length of what
 * was written, 0 where the name is not known. Needs libpond-symbol. Keeps errno.
 */
size_t module_field(const char *type, size_t offset, char *text, size_t n);

/*
 * Writes the command that names these frames, those that lie in the module of the first: "addr2line -Cfipe
 * /srv/server 0x1234 0x1250". pcs are return addresses. The text is cut to n bytes with a final NUL; returns
 * the length of what was written, 0 where there is a symbolizer, which has named them. Keeps errno.
 */
size_t module_command(const void *const *pcs, size_t count, char *text, size_t n);

/* Reads ahead what the two above will need of all modules that are loaded now. False: there is no
   libpond-symbol. */
bool module_prepare(void);

#endif
