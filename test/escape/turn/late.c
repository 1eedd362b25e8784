/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * late HOW: an object is used when the function that got it has returned, or (stays) is not. Only
 * AddressSanitizer may mind, and only where the object has been made to end with its function: see turn.cpp.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *kept;

__attribute__((noinline)) static void keep_fixed(void)
{
    kept = malloc(32);
    if (kept != NULL)
        strcpy(kept, "fixed");
}

__attribute__((noinline)) static void keep_any(size_t size)
{
    kept = calloc(1, size);
}

__attribute__((noinline)) static int stays(size_t size)
{
    char *fixed = malloc(32), *any = malloc(size), *grown = malloc(8);
    if (fixed == NULL || any == NULL || grown == NULL)
        exit(1);
    memset(fixed, 1, 32);
    memset(any, 2, size);
    grown = realloc(grown, 100 * size);
    if (grown == NULL)
        exit(1);
    grown[99] = 3;
    int sum = fixed[31] + any[size - 1] + grown[99];
    free(grown);
    free(any);
    free(fixed);
    return sum;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    for (int n = 0; n < 3; n++)
        if (stays((size_t)argc) != 6)
            return 1;
    if (strcmp(how, "fixed") == 0)
        keep_fixed();
    else if (strcmp(how, "any") == 0)
        keep_any((size_t)argc);
    else
        return 0;
    int first = kept != NULL ? kept[0] : 0;
    printf("%d\n", first);
    free(kept);
    return 0;
}
