/* SPDX-License-Identifier: BSD-2-Clause */
/* Without POND_ANALYZER the analyzer walks through the fast path, finds nothing, and says nothing. */
#include <pond/inline.h>

int first(pond *numbers, const int *list, int n)
{
    int *place = pond_get_inline(numbers);
    if (place == NULL)
        return -1;
    *place = n > 0 ? list[0] : 0;
    int result = *place;
    pond_put_inline(numbers, place);
    return result;
}
