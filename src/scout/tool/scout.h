/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pond-scout, the command: reads what the library counted, names who allocated, adds up what belongs
 * together, judges it, and says so. It runs once and ends: nothing is freed, and without memory it ends.
 */
#ifndef SCOUT_TOOL_H
#define SCOUT_TOOL_H

#include "../layout.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* ---- what is asked for: options.c ---- */

typedef struct asked {
    const char *json, *output, *keep, *read;
    long rows, process;
    unsigned long rate, depth, tick_ms;
    double least; /* gets a second that are worth a pond */
    char **command;
} asked;

void options_read(asked *a, int count, char **words);

/* Ends the program with one sentence and status 2. */
void end_with(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *allocate(size_t count, size_t size);
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- the command that is looked at: run.c ---- */

/*
 * Runs it with the library, which counts into files in the directory. Returns its status as a shell has it.
 */
int run(const asked *a, const char *directory);

/* ---- processes: load.c ---- */

typedef struct frame {
    const char *function;
    const char *file; /* NULL: not known */
    int line;
    uint64_t pc;
    const struct scout_module *module; /* NULL: not known */
    bool program;                      /* it is of the program, not of a library */
    bool gone;    /* its last act was the call: pc and line are of the call that it was called by */
    bool skipped; /* it hands on what others ask for: libc, malloc's wrappers */
} frame;

typedef struct chain {
    frame *frames; /* functions that were inlined have frames of their own */
    size_t count;
} chain;

typedef struct process {
    const struct scout_file *file;
    uint64_t gets;
    double seconds;
    chain *chains; /* by number, as in the file */
} process;

/* The process asked for, or that of the most gets; the others are noted. */
process load(const asked *a, const char *directory);

/* ---- names: names.c ---- */

void name_chains(process *p);

/* The function that the call which returns to pc is for: callee.c. False: it is not known. */
typedef struct callee {
    const char *function, *file;
    int line; /* at which it begins */
} callee;
bool callee_of(uint64_t pc, callee *c);
const char *base_name(const char *path);

/* ---- what belongs together: group.c ---- */

typedef struct group group;
struct group {
    const frame *site; /* in the program where there is one */
    const frame *via;  /* the library's function that allocates for it; NULL: it does so itself */
    struct scout_sim all, sizes[SCOUT_SIZES], rest;
    unsigned size_count;
    const frame *ends[SCOUT_ENDS]; /* who frees it, the most frequent first */
    uint64_t end_counts[SCOUT_ENDS];
    unsigned end_count;
    const chain *end_chains[16]; /* for what is freed together */
    unsigned end_chain_count;
    const chain *caller; /* of the site, one of them */
    size_t caller_at;
    /* judge.c */
    const char *verdict; /* a word */
    char why[240];
    bool good;
    const group *object;        /* a part of what this one makes */
    unsigned parts;             /* allocations for each object beside its own */
    double object_bytes, saved; /* ns a second */
    uint64_t pond_size;         /* of the pond; 0: several */
    char *type;                 /* of the object; NULL: not known */
};

typedef struct groups {
    group *all;
    size_t count;
} groups;

groups group_all(process *p);

/* ---- judgement: judge.c ---- */

void judge_all(groups *g, const process *p, const asked *a);
double hit_ratio(const struct scout_sim *s);
double life(const struct scout_sim *s, double part); /* seconds within which that part of the objects ended */

/*
 * The type of so many bytes to which the result of the function points that the site calls, or its own
 * result, or a variable of its: types.c. "char": the site returns text. NULL: not known.
 */
char *type_at(const frame *site, uint64_t size);

/* ---- answers: table.c, json.c, lines.c ---- */

void table_print(FILE *out, const groups *g, const process *p, const asked *a);
void lines_print(FILE *out, const groups *g, const asked *a);
void json_print(FILE *out, const groups *g, const process *p);

#endif
