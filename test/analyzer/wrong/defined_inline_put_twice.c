/* SPDX-License-Identifier: BSD-2-Clause */
/* Declared and defined in one file: the compiler has the bodies, and must not be misled by them. */
// warning: -Wanalyzer-double-free
#include <pond/inline.h>
#include <pond/typed.h>

struct job {
    long number;
};
POND_DECLARE(job, struct job)
POND_DEFINE(job, struct job, .max_objects = 100)

long work(long number)
{
    struct job *j = job_get();
    if (j == NULL)
        return -1;
    j->number = number * number;
    long result = j->number;
    job_put(j);
    if (result > 100)
        job_put(j); /* here */
    return result;
}
