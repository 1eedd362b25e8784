/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a command, and passes on the signals that ask this program to end. */
#ifndef PROF_RUN_H
#define PROF_RUN_H

#include "say.h"

typedef struct run_result {
    long pid;
    int status; /* of exit */
    int signal; /* that killed it; 0: none */
} run_result;

/* False: the command could not be run. */
bool run(char **command, run_result *result, trouble *t);

#endif
