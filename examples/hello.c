/* The least that uses a pond: three gets, one object. */
#include <pond/pond.h>
#include <stdio.h>

struct message {
    char text[120];
};

int main(void)
{
    pond *messages = pond_create(&(pond_options){.name = "messages", .size = sizeof(struct message)});
    pond_stats stats = {0};
    for (int i = 1; messages != NULL && i <= 3; i++) {
        struct message *m = pond_get(messages);
        if (m == NULL)
            return 1;
        snprintf(m->text, sizeof(m->text), "hello, pond, round %d", i);
        puts(m->text);
        pond_put(messages, m);
        pond_stats_read(messages, &stats);
    }
    printf("gets %d, objects made %d\n", (int)stats.gets, (int)stats.constructed);
    return pond_destroy(messages) != 0 || stats.gets != 3;
}
