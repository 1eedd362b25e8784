/* SPDX-License-Identifier: BSD-2-Clause */
/* Declared and defined in one file. */
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
    if (result > 100)
        job_discard(j);
    else
        job_put(j);
    return result;
}

long scoped(long number)
{
    POND_SCOPED(job, j);
    if (j == NULL)
        return -1;
    j->number = number;
    return work(j->number);
}
