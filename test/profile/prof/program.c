// SPDX-License-Identifier: BSD-2-Clause
// What pond-prof records in tests: program CONNECTIONS BODIES holds so many objects of two ponds, has got and
// put 1,000 more, and ends with status 5.
#include <pond/pond.h>

#include <stdlib.h>

static pond *connections, *bodies;

__attribute__((noinline)) static void *open_connection(void)
{
    return pond_get(connections);
}

__attribute__((noinline)) static void *read_body(void)
{
    void *body = pond_get(bodies);
    if (body == NULL)
        exit(1);
    return body;
}

__attribute__((noinline)) static void answer(void)
{
    pond_put(bodies, read_body());
}

int main(int count, char **words)
{
    pond_options small = {.name = "connections", .size = 1024}, large = {.name = "bodies", .size = 4096};
    connections = pond_create(&small);
    bodies = pond_create(&large);
    if (connections == NULL || bodies == NULL || count < 3)
        return 1;
    for (int i = 0; i < 1000; i++)
        answer();
    for (int i = atoi(words[1]); i > 0; i--) {
        if (open_connection() == NULL)
            return 1;
    }
    for (int i = atoi(words[2]); i > 0; i--)
        (void)read_body();
    return 5;
}
