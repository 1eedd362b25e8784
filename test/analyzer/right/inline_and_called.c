/* SPDX-License-Identifier: BSD-2-Clause */
/* The inlined fast path and the call are one pond's: an object goes from the one to the other. */
// flags: -DPOND_ANALYZER
#include <pond/inline.h>

int first(pond *numbers, const int *list, int n)
{
    int *place = pond_get(numbers), *other = pond_get_inline(numbers);
    if (place != NULL)
        *place = n > 0 ? list[0] : 0;
    int result = place != NULL ? *place : 0;
    pond_put_inline(numbers, place);
    if (n > 1)
        pond_put(numbers, other);
    else
        pond_discard(numbers, other);
    return result;
}
