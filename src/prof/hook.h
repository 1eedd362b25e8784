/* SPDX-License-Identifier: BSD-2-Clause */
/* A command of the shell that is told of something. */
#ifndef PROF_HOOK_H
#define PROF_HOOK_H

#include "say.h"

enum { HOOK_SECONDS = 60 };

typedef struct hook_variable {
    const char *name, *value; /* in the command's environment; value: at most 1,000 bytes of it */
} hook_variable;

/* From here on SIGINT and SIGTERM end the program with status 0, and a command that is running. */
void hook_signals(void);

/*
 * Runs command with `input` (at most as much as a pipe takes) on its standard input, and waits for its end;
 * it is ended after HOOK_SECONDS. False: it could not be run, or did not end well.
 */
bool hook_run(const char *command, const char *input, const hook_variable *variables, size_t count,
              trouble *t);

#endif
