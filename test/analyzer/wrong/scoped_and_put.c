/* SPDX-License-Identifier: BSD-2-Clause */
/* The block's end puts it: so must nobody else. */
// warning: -Wanalyzer-double-free
#include <pond/typed.h>

struct job {
    long number;
};
/* What puts it at the block's end is in the declaration. */
POND_DECLARE(job, struct job) /* here */

long work(long number)
{
    POND_SCOPED(job, j);
    if (j == NULL)
        return -1;
    j->number = number;
    job_put(j);
    return number;
}
