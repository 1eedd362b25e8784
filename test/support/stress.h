/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that do everything to a pond at once, for a number of operations, each object followed by a
 * ledger. Which operation comes next is drawn with the plan's weights from its seed.
 */
#ifndef TEST_SUPPORT_STRESS_H
#define TEST_SUPPORT_STRESS_H

#include "ledger.h"

#define STRESS_NAME 48

/* How often each operation is drawn, relative to the others. */
typedef struct stress_mix {
    unsigned get, put, get_many, put_many, discard;
    unsigned hand, take; /* a live object is handed to another thread through a queue, and taken */
    unsigned tick, rotate, trim, reserve, stats;
    unsigned churn; /* a short-lived thread gets and puts */
} stress_mix;

/* No pointers but in options: Criterion copies a plan to the process of its test. */
typedef struct stress_plan {
    char name[STRESS_NAME];
    unsigned threads, times; /* operations of each thread */
    unsigned hold;           /* most objects a thread holds, STRESS_HOLD at most */
    size_t size;             /* of an object */
    bool created;            /* by a create hook */
    bool footprint;          /* with a footprint hook */
    unsigned reject_one_in, fail_one_in;
    bool yields;
    bool no_memory; /* mmap may fail meanwhile */
    size_t max_objects, max_idle_bytes, min_idle, cache_objects, budget;
    uint64_t max_age;
    unsigned flags;
    unsigned seed;
    stress_mix mix;
} stress_plan;

enum { STRESS_HOLD = 256 };

void stress_run(const stress_plan *plan);

#endif
