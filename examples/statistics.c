/*
 * Statistics: what pond_stats_read tells, printed as a server might on a signal, and the sums that
 * always hold. Reading them disturbs no thread; the fast path counts for free.
 */
#include "claim.h"
#include <inttypes.h>
#include <pond/pond.h>

static const char *const reason[POND_DROP_REASONS] = {"epoch", "rejected", "discarded", "limit",
                                                      "trim",  "destroy",  "debug"};

static void show(const pond *p, const pond_stats *s)
{
    printf("pond %s, epoch %" PRIu64 "\n", pond_name(p), s->epoch);
    printf("  live %" PRIu64 "  idle: thread caches %" PRIu64 ", depot %" PRIu64 ", victims %" PRIu64 "\n",
           s->live, s->idle_local, s->idle_shared, s->idle_victim);
    printf("  gets %" PRIu64 " (%.1f%% hits)  puts %" PRIu64 "  made %" PRIu64 "  most at a time %" PRIu64
           "\n",
           s->gets, s->gets > 0 ? 100.0 * (double)s->hits / (double)s->gets : 0.0, s->puts, s->constructed,
           s->high_water);
    printf("  dropped:");
    for (int why = 0; why < POND_DROP_REASONS; why++)
        printf(" %s %" PRIu64, reason[why], s->dropped[why]);
    printf("\n  bytes: object %" PRIu64 ", live %" PRIu64 ", slabs %" PRIu64 "\n", s->object_bytes,
           s->live_bytes, s->slab_bytes);
}

static uint64_t sum_dropped(const pond_stats *s)
{
    uint64_t sum = 0;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        sum += s->dropped[why];
    return sum;
}

static pond_stats check(pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    CLAIM(s.constructed == s.live + s.idle_local + s.idle_shared + s.idle_victim + sum_dropped(&s));
    CLAIM(s.hits + s.misses == s.gets && s.live == s.gets - s.puts);
    show(p, &s);
    return s;
}

int main(void)
{
    void *held[500];
    pond *p = pond_create(&(pond_options){.name = "jobs", .size = 200});
    CLAIM(p != NULL && pond_get_many(p, held, 500) == 500);
    pond_put_many(p, held, 400);
    pond_discard(p, held[400]);
    pond_stats s = check(p);
    CLAIM(s.live == 99 && s.high_water == 500 && s.dropped[POND_DROP_DISCARDED] == 1);

    pond_rotate(p); /* what is idle becomes the victims, */
    s = check(p);
    CLAIM_PLAIN(s.idle_victim == 400 && s.epoch == 1);
    pond_put(p, pond_get(p)); /* of which a get rescues one */
    pond_rotate(p);           /* (with it, perhaps, others of its magazine), and the rest is dropped */
    s = check(p);
    CLAIM(s.live == 99);
    CLAIM_PLAIN(s.hits == 1 && s.dropped[POND_DROP_EPOCH] > 0);

    pond_put_many(p, held + 401, 99);
    CLAIM(pond_destroy(p) == 0);
    return 0;
}
