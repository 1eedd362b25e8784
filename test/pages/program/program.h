/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the program share: see program.c. */
#ifndef TEST_PAGES_PROGRAM_H
#define TEST_PAGES_PROGRAM_H

#include "../../profile/checked.h"
#include "write/source.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- known.c: ponds and stacks whose figures are known ---- */

void make_ponds(void);
extern const pond_profile_source source;
extern unsigned ticks; /* that were asked for */
extern char refined[]; /* "1: 32768 for 30; ": ponds that were to be sampled more finely */

/* ---- program.c ---- */

/* Of these, or of the libpond in the process, as the command line says. */
int ask(const char *method, const char *path, const char *query, pond_answer *a);

/* ---- acts.c ---- */

void errors(void);
void memory(void);
void together(void);
void leak(void);

#endif
