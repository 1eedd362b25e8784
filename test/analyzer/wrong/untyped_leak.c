/* SPDX-License-Identifier: BSD-2-Clause */
/* The way out for an empty list forgets the object. */
// warning: -Wanalyzer-malloc-leak
#include <pond/pond.h>

int first(pond *numbers, const int *list, int n)
{
    int *place = pond_get(numbers);
    if (place == NULL)
        return -1;
    if (n == 0) /* here */
        return -1;
    *place = list[0];
    int result = *place;
    pond_put(numbers, place);
    return result;
}
