/* SPDX-License-Identifier: BSD-2-Clause */
/* An untyped pond: its put takes any pointer, and the compiler still knows that it ends an object. */
// warning: -Wanalyzer-double-free
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
    if (result < 0)
        pond_put(numbers, total);
    pond_put(numbers, total); /* here */
    return result;
}
