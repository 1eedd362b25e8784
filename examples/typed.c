/*
 * Typed ponds: conn_get returns a struct conn *, conn_put takes nothing else, and the pond is made by
 * the first call. POND_SCOPED puts the object back however the block ends. gcc -fanalyzer reports a
 * conn that is put twice, used after its put, leaked, or given to another type's put.
 */
#include "claim.h"
#include <pond/typed.h>
#include <string.h>

struct conn {
    int requests;
    char peer[40];
};

static bool conn_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct conn));
    return true; /* false would drop the object */
}

/* The first belongs in a header, the second in one .c file. */
POND_DECLARE(conn, struct conn)
POND_DEFINE(conn, struct conn, .reset = conn_reset, .max_objects = 1)

/* The early return puts the conn back as well: with max_objects 1 a leak would be seen at once. */
static int serve(const char *peer)
{
    POND_SCOPED(conn, c);
    if (c == NULL)
        return -1;
    CLAIM(c->requests == 0 && c->peer[0] == '\0');
    c->requests++;
    snprintf(c->peer, sizeof(c->peer), "%s", peer);
    if (strcmp(c->peer, "banned") == 0)
        return 0;
    return c->requests;
}

int main(void)
{
    CLAIM(serve("192.0.2.1") == 1);
    CLAIM(serve("banned") == 0);
    CLAIM(serve("192.0.2.2") == 1);

    struct conn *c = conn_get();
    CLAIM(c != NULL);
    CLAIM(serve("192.0.2.3") == -1); /* the only object is live */
    conn_discard(c);                 /* this one is not to be used again */
    CLAIM(serve("192.0.2.4") == 1);

    pond_stats stats;
    pond_stats_read(conn_pond(), &stats);
    CLAIM(stats.dropped[POND_DROP_DISCARDED] == 1);
    CLAIM_PLAIN(stats.constructed == 2);
    printf("pond %s: %d gets, %d objects made\n", pond_name(conn_pond()), (int)stats.gets,
           (int)stats.constructed);
    CLAIM(pond_destroy(conn_pond()) == 0);
    return 0;
}
