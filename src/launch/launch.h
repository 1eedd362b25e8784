/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a command, and passes on to it the signals that somebody sent to this program alone. What pond-prof
 * and pond-scout do; for a program of one thread.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct launch_result {
    long pid;
    int status; /* of exit */
    int signal; /* that ended it; 0: none */
} launch_result;

/*
 * Returns when the command has ended. False: it could not be run, and `why`, of n bytes, says so in one
 * sentence. The command has this program's environment and what it found of signals, SIGPIPE included.
 */
bool launch(char **command, launch_result *result, char *why, size_t n);

/* Ignores SIGPIPE in this program, from now on; commands begin with what it was before. */
void launch_ignore_sigpipe(void);

#endif
