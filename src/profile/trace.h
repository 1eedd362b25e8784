/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: a line of text for each tick and pond, and for what else is worth one. What a line says of a
 * tick is in <pond/profile.h>; watch.h has what a tick calls.
 */
#ifndef POND_PROFILE_TRACE_H
#define POND_PROFILE_TRACE_H

#include "../registry.h"

/* Whether there are lines. A tick that is under way may yet write its own. Any time, under no lock. */
void trace_on(bool on);

/*
 * Another kind of line: "pond: KIND at=SECONDS " and what the format says, which begins with a key. Nothing
 * while the trace is off. Not where a hook may not run: it may call the program.
 */
void trace_line(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A name as a value of a line. */
struct trace_name {
    char text[3 * 48];
};
void trace_name(struct trace_name *to, const char *name);

/*
 * The last lines, oldest first, each with its newline: as many of them as fit, and a 0 behind them. Returns
 * their bytes. In a child of fork those of its parent are among them.
 */
size_t trace_last(char *text, size_t room);
#define TRACE_KEPT 64         /* most lines that are kept */
#define TRACE_LINE_BYTES 1024 /* more than any line has, its newline and the 0 behind it included */

#endif
