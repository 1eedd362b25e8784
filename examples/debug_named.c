/*
 * Words for one pond of many: `full@conns` has all checks for connections, while all other ponds stay as fast
 * as without words. `bypass@conns` answers whether the pool is at fault: each get makes an object and each
 * put ends it, as malloc and free would. And pond_audit looks at all objects at any moment, for an operator's
 * command.
 */
#include "claim.h"
#include <pond/debug.h>
#include <string.h>

struct conn {
    int fd;
    char peer[60];
};

static char seen[256];
static int reports;

static void remember(const pond_report *report, void *ctx)
{
    (void)ctx;
    strncpy(seen, report->what, sizeof(seen) - 1);
    reports++;
}

static pond *make(const char *name)
{
    pond *p = pond_create(&(pond_options){.name = name, .size = sizeof(struct conn)});
    CLAIM(p != NULL);
    return p;
}

static struct conn *served;

/* An error closes the connection, and so does its end: the second put is too many. */
static void put_twice(pond *p)
{
    served = pond_get(p);
    CLAIM(served != NULL);
    pond_put(p, served);
    pond_put(p, served);
}

int main(void)
{
    pond_on_report(remember, NULL);
    CLAIM(pond_debug_set("full@conn*,-guard@conns,hold=100@jobs") == 0); /* or POND_DEBUG, before the start */
    pond *conns = make("conns"), *buffers = make("buffers");
    put_twice(conns);
    CLAIM(reports == 1 && strstr(seen, "double put") != NULL);

    CLAIM(pond_debug_set("bypass@conns") == 0); /* while the server runs */
    for (int i = 0; i < 3; i++) {
        void *c = pond_get(conns), *b = pond_get(buffers);
        pond_put(conns, c);
        pond_put(buffers, b);
    }
    pond_stats s, t;
    pond_stats_read(conns, &s);
    pond_stats_read(buffers, &t);
    CLAIM(s.dropped[POND_DROP_DEBUG] == 3 && t.dropped[POND_DROP_DEBUG] == 0);
    printf("found: %s; then %d connections made anew\n", seen, (int)s.dropped[POND_DROP_DEBUG]);

    CLAIM(pond_debug_set("off") == 0);
    CLAIM(pond_audit(NULL) == 0); /* all ponds are whole */
    CLAIM(pond_destroy(conns) == 0 && pond_destroy(buffers) == 0);
    return 0;
}
