#include <pond/pond.h>
#include <stdio.h>

struct request {
    int number;
    char line[1000];
};

int main(void)
{
    pond_options options = {.name = "requests", .size = sizeof(struct request)};
    pond *requests = pond_create(&options);
    if (requests == NULL) {
        perror("pond_create");
        return 1;
    }
    for (int i = 0; i < 10; i++) {
        struct request *r = pond_get(requests);
        if (r == NULL) {
            perror("pond_get");
            return 1;
        }
        r->number = i;
        snprintf(r->line, sizeof(r->line), "request %d", i);
        puts(r->line);
        pond_put(requests, r);
        pond_epoch_advance(); /* in a server: on a timer */
    }
    return pond_destroy(requests) == 0 ? 0 : 1;
}
