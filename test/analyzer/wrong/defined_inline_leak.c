/* SPDX-License-Identifier: BSD-2-Clause */
/* Declared and defined in one file, and never put. */
// warning: -Wanalyzer-malloc-leak
#include <pond/inline.h>
#include <pond/typed.h>

struct job {
    long number;
};
POND_DECLARE(job, struct job)
POND_DEFINE(job, struct job)

long work(long number)
{
    struct job *j = job_get();
    if (j == NULL)
        return -1;
    j->number = number * number; /* here */
    return j->number;
}
