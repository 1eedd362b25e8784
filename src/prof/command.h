/* SPDX-License-Identifier: BSD-2-Clause */
/* The sub-commands, and what several of them do. */
#ifndef PROF_COMMAND_H
#define PROF_COMMAND_H

#include "pick.h"
#include "table.h"

enum {
    STATUS_FOUND = 1, /* verdict: something is not steady */
    STATUS_FAILED = 2 /* of the program, after a usage error, too */
};

/* Each is given the command line from its own name on, and returns the program's exit status. */
int command_get(int count, char **words);
int command_top(int count, char **words);
int command_diff(int count, char **words);
int command_flame(int count, char **words);
int command_record(int count, char **words);
int command_verdict(int count, char **words);
int command_watch(int count, char **words);
int command_help(int count, char **words);

/* The text for `pond-prof help NAME`; NULL: there is no such command. */
const char *help_of(const char *name);
extern const char help_general[];

/* What the options of top, diff, flame and get say. */
typedef struct options {
    const char *output, *base;
    pick pick;
    table_style style;
    char **sources; /* what follows the options */
    int source_count;
} options;

enum { OPTIONS_HELPED = -1 };

/*
 * Reads options, of those whose letters are in `allowed` (see options.c). Returns 0; OPTIONS_HELPED: help was
 * printed, and that is all; or STATUS_FAILED when it told of a mistake.
 */
int options_read(options *o, const char *command, const char *allowed, int count, char **words);

/* A number from 1 to `most`. */
bool read_factor(double *factor, const char *text, double most);

/* Tells of a failure; returns STATUS_FAILED. */
int tell(const trouble *t);

/* Tells of a mistake in the command line. */
int usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The profile of a SOURCE. raw, where it is not NULL, is given its bytes as they came. */
bool load(profile *p, names *all, const char *source, bytes *raw, trouble *t);

/* Profiles that are drawn as one picture. */
typedef struct picture {
    const char *source, *base_source; /* as the head names them */
    const profile *base;              /* NULL: no difference */
    const profile *live;              /* so many that are added up */
    size_t live_count;
} picture;

/* Draws into o->output, NULL: standard output. */
bool draw(options *o, names *all, const picture *shown, trouble *t);

#endif
