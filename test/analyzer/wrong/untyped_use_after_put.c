/* SPDX-License-Identifier: BSD-2-Clause */
/* The result is read after the put. */
// warning: -Wanalyzer-use-after-free
#include <pond/pond.h>

int sum(pond *numbers, const int *list, int n)
{
    int *total = pond_get(numbers);
    if (total == NULL)
        return -1;
    *total = 0;
    for (int i = 0; i < n; i++)
        *total += list[i];
    pond_put(numbers, total);
    return *total; /* here */
}
