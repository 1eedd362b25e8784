/* SPDX-License-Identifier: BSD-2-Clause */
/* An untyped pond: one get, one put. */
#include <pond/pond.h>

int sum(pond *numbers, const int *list, int n)
{
    int *total = pond_get(numbers);
    if (total == NULL)
        return -1;
    *total = 0;
    for (int i = 0; i < n; i++)
        *total += list[i];
    int result = *total;
    pond_put(numbers, total);
    return result;
}
