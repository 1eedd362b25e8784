/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the words that are on once there is a pond; with an argument, after a double put. */
#include <pond/debug.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    char words[200];
    pond *p = pond_create(&(pond_options){.name = "items", .size = 100});
    void *volatile item = p != NULL ? pond_get(p) : NULL; /* or the compiler sees the double put */
    if (item == NULL)
        return 1;
    pond_put(p, item);
    if (argc > 1)
        pond_put(p, item);
    (void)pond_debug_get(words, sizeof words);
    puts(words);
    return 0;
}
