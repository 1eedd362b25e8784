/*
 * Bounds: max_objects makes a pond a limit on concurrency (a get beyond it fails with EAGAIN, at
 * once), max_idle_bytes bounds what lies ready, min_idle is kept through the epochs, and
 * pond_reserve makes objects before the first request needs them.
 */
#include "claim.h"
#include <errno.h>
#include <pond/pond.h>

static pond_stats read_stats(pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    return s;
}

static uint64_t idle(pond *p)
{
    pond_stats s = read_stats(p);
    return s.idle_local + s.idle_shared + s.idle_victim;
}

/* At most four at a time; the fifth is told so and may answer "busy" to its client. */
static void at_most_four(void)
{
    void *slot[4];
    pond *p = pond_create(&(pond_options){.name = "slots", .size = 64, .max_objects = 4});
    CLAIM(p != NULL && pond_get_many(p, slot, 4) == 4);
    errno = 0;
    void *fifth = pond_get(p);
    CLAIM(fifth == NULL && errno == EAGAIN);
    pond_put(p, slot[0]);
    slot[0] = pond_get(p);
    CLAIM(slot[0] != NULL);
    pond_put_many(p, slot, 4);
    CLAIM(read_stats(p).high_water == 4 && pond_destroy(p) == 0);
}

/* A hundred 1 KiB objects come back; 8 KiB of them may stay. */
static void little_idle(void)
{
    void *held[100];
    pond *p = pond_create(&(pond_options){.name = "pages", .size = 1024, .max_idle_bytes = 8 * 1024});
    CLAIM(p != NULL && pond_get_many(p, held, 100) == 100);
    pond_put_many(p, held, 100);
    CLAIM(idle(p) <= 8);
    CLAIM_PLAIN(read_stats(p).dropped[POND_DROP_LIMIT] >= 92);
    CLAIM(pond_destroy(p) == 0);
}

/* Twenty are made in advance; nobody comes; the epochs let all but five go. */
static void ready_before_the_first(void)
{
    pond *p = pond_create(&(pond_options){.name = "warm", .size = 128, .min_idle = 5});
    CLAIM(p != NULL && pond_reserve(p, 20) == 20);
    void *obj = pond_get(p);
    CLAIM(obj != NULL);
    CLAIM_PLAIN(read_stats(p).hits == 1); /* nothing had to be made */
    pond_put(p, obj);
    for (int tick = 0; tick < 3; tick++)
        pond_rotate(p); /* pond_epoch_advance for this pond alone */
    CLAIM_PLAIN(idle(p) == 5);
    CLAIM(pond_destroy(p) == 0);
}

/* Nobody comes for a long time: what is kept ready is closed before the other side does so. */
static void ready_and_not_too_old(void)
{
    void *held[5];
    pond *p = pond_create(&(pond_options){.name = "fresh", .size = 128, .min_idle = 5, .max_age = 60});
    CLAIM(p != NULL && pond_get_many(p, held, 5) == 5);
    pond_put_many(p, held, 5);
    for (int tick = 0; tick < 60; tick++)
        pond_rotate(p);
    CLAIM_PLAIN(idle(p) == 5);
    pond_rotate(p);
    CLAIM_PLAIN(idle(p) == 0);
    CLAIM(pond_destroy(p) == 0);
}

int main(void)
{
    at_most_four();
    little_idle();
    ready_before_the_first();
    ready_and_not_too_old();
    puts("max_objects, max_idle_bytes, min_idle, max_age and pond_reserve keep their word");
    return 0;
}
