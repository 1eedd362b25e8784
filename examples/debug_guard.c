/*
 * A check for production: with guard=1/N one get in N is served from pages of its own, which cannot be
 * touched after the put. Here every request reads its connection after the put, N is 50, and one of the
 * readers soon traps; a server would take 1,000, and find it in an hour rather than a second. The other
 * gets go their usual way.
 */
#include "claim.h"
#include <pond/debug.h>
#include <string.h>

struct conn {
    int fd;
    volatile int status;
};

static char seen[256];
static int reports;

/* For a trapped access this runs in the signal handler: it only copies. */
static void remember(const pond_report *report, void *ctx)
{
    (void)ctx;
    strncpy(seen, report->what, sizeof(seen) - 1);
    reports++;
}

static pond *conns;
static struct conn *last; /* what the log line is written from */

static bool serve(int fd)
{
    last = pond_get(conns);
    if (last == NULL)
        return false;
    last->fd = fd;
    last->status = 200;
    pond_put(conns, last);
    return last->status >= 0; /* too late */
}

int main(void)
{
    conns = pond_create(&(pond_options){.name = "conns", .size = sizeof(struct conn)});
    CLAIM(conns != NULL);
    pond_on_report(remember, NULL);
    CLAIM(pond_debug_set("guard=1/50,stacks=8") == 0); /* also while the server runs */

    int served = 0;
    for (int i = 0; i < 5000; i++)
        served += serve(i);
    CLAIM(served == 5000); /* the access goes on after the report */
    CLAIM(reports > 0 && strstr(seen, "read after put at offset 4") != NULL);
    printf("%d requests, found: %s\n", served, seen);

    CLAIM(pond_debug_set("off") == 0);
    CLAIM(pond_destroy(conns) == 0);
    return 0;
}
