/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults planted on purpose, by --plant, for what is to find them: examples/hunt, and demonstrations. Nothing
 * of it runs without the option. Each fault gets its objects in one function, which is its culprit:
 *
 *     leak    one request of 1,000 is remembered for ever                  remember_request
 *     slow    the same, one of 20,000                                      remember_request
 *     held    of the jobs of a background worker some never end            run_job
 *     grown   notes on what was served, whose reset forgets to empty them  note_answer
 *
 * And what looks like a fault for a while:
 *
 *     warm     a cache that is filled, ever less                           fill_cache
 *     filling  sessions that nobody ends, in a pond with max_objects       open_session
 */
#ifndef GZIPD_PLANT_H
#define GZIPD_PLANT_H

#include "pools.h"

/* NULL: a plant that gzipd knows; else what to say of it. "leak/N", "slow/N", "warm/N" and "filling/N" are
 * one request of N, "held/N" is N jobs. */
const char *plant_choose(const char *name);

/* After pools_open and before the first request. False: it cannot be planted; errno. */
bool plant_start(void);

/* A request has ended; it is not closed yet. */
void plant_request(const struct request *r);

/* Prints a line for a pond that the plant has of its own. */
void plant_report(void);

#endif
