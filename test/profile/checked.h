/* SPDX-License-Identifier: BSD-2-Clause */
/* For programs that tests of profiles and pages run: checks, and functions to be seen on stacks. */
#ifndef TEST_PROFILE_CHECKED_H
#define TEST_PROFILE_CHECKED_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("line %d: not so: %s (errno %d)\n", __LINE__, #condition, errno);                         \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
