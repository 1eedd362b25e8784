/* SPDX-License-Identifier: BSD-2-Clause */
/* CLAIM(what): what an example says of pond; ends the program with status 1 when it is not so. */
#ifndef CLAIM_H
#define CLAIM_H

#include <stdio.h>
#include <stdlib.h>

#define CLAIM(what) ((what) ? (void)0 : claim_fails(#what, __FILE__, __LINE__))

__attribute__((noreturn, unused)) static void claim_fails(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    exit(1);
}

#endif
