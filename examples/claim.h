/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CLAIM(what): what an example says of pond; ends the program with status 1 when it is not so.
 * CLAIM_PLAIN(what): what it says of how often objects are made and how much memory they take, which is so
 * unless checks are on (POND_DEBUG): they make, drop and accompany objects as they need.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include <pond/debug.h>
#include <stdio.h>
#include <stdlib.h>

#define CLAIM(what) ((what) ? (void)0 : claim_fails(#what, __FILE__, __LINE__))
#define CLAIM_PLAIN(what) ((what) || claim_is_checked() ? (void)0 : claim_fails(#what, __FILE__, __LINE__))

__attribute__((noreturn, unused)) static void claim_fails(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    exit(1);
}

__attribute__((unused)) static bool claim_is_checked(void)
{
    char words[2];
    return pond_debug_get(words, sizeof(words)) > 0;
}

#endif
