/* SPDX-License-Identifier: BSD-2-Clause */
/* The process of one test, and what it tells the runner (runner.c) that started it. */
#ifndef TEST_SUPPORT_WORKER_H
#define TEST_SUPPORT_WORKER_H

#include "cases.h"

/*
 * A worker appends lines to a file in memory, in which nobody has to read for it to go on: a word for each
 * phase of the test that begins, WORD_FAILED for what fails, "WORD_SKIPPED REASON". A line of a process that
 * the test forked counts like others.
 */
enum phase { PHASE_START, PHASE_INIT, PHASE_BODY, PHASE_FINI, PHASE_END, PHASES };
extern const char *const phase_words[PHASES];
#define WORD_FAILED "failed"
#define WORD_SKIPPED "skipped"

/*
 * Runs the test in this process, with lines to the file `report`, which it closes, if that is not -1. Returns
 * whether nothing failed.
 */
bool worker_run(const struct test_case *c, int report);

#endif
