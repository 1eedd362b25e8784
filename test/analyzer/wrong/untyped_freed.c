/* SPDX-License-Identifier: BSD-2-Clause */
/* A pond's object is not the heap's. */
// warning: -Wanalyzer-mismatching-deallocation
#include <pond/pond.h>
#include <stdlib.h>

void forget(pond *numbers)
{
    int *place = pond_get(numbers);
    free(place); /* here */
}
