/*
 * The fast path inlined: <pond/inline.h>, included before <pond/typed.h>, makes point_get and
 * point_put of this file work on the thread's cache without a call. pond_get_inline and
 * pond_put_inline do so for any pond. For programs that are rebuilt together with the library. Both
 * ways serve the same pond and mix freely.
 */
#include "claim.h"
#include <pond/inline.h>
#include <pond/typed.h>

struct point {
    long x, y;
};

static bool point_reset(void *obj, void *ctx)
{
    (void)ctx;
    *(struct point *)obj = (struct point){0, 0};
    return true;
}

POND_DECLARE(point, struct point)
POND_DEFINE(point, struct point, .reset = point_reset)

/* A get and put pair per round, through the typed functions that are inlined here. */
static long sum_typed(long rounds)
{
    long sum = 0;
    for (long i = 0; i < rounds; i++) {
        struct point *p = point_get();
        CLAIM(p != NULL && p->x == 0);
        p->x = i;
        sum += p->x;
        point_put(p);
    }
    return sum;
}

int main(void)
{
    enum { rounds = 100000 };
    CLAIM(sum_typed(rounds) == (long)rounds * (rounds - 1) / 2);

    struct point *a = pond_get_inline(point_pond()); /* inlined get, */
    CLAIM(a != NULL);
    uintptr_t where = (uintptr_t)a;
    a->y = 7;
    pond_put(point_pond(), a);                /* called put; */
    struct point *b = pond_get(point_pond()); /* and the other way round */
    CLAIM(b != NULL && b->y == 0);
    CLAIM_PLAIN((uintptr_t)b == where);
    pond_put_inline(point_pond(), b);

    pond_stats stats;
    pond_stats_read(point_pond(), &stats);
    CLAIM(stats.gets == rounds + 2 && stats.puts == rounds + 2);
    CLAIM_PLAIN(stats.constructed == 1);
    printf("%d gets by one object\n", (int)stats.gets);
    CLAIM(pond_destroy(point_pond()) == 0);
    return 0;
}
