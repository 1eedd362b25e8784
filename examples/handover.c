/*
 * Objects got by one thread and put by another, in bulk: a producer takes a batch with
 * pond_get_many, a consumer gives it back with pond_put_many. Whole magazines wander back through
 * the depot, so the producer reuses what the consumer put, and a handful of batches serves them all.
 */
#include "claim.h"
#include <pond/pond.h>
#include <pthread.h>

enum { batch_size = 32, slots = 4, batches = 5000 };

struct packet {
    int number;
};

static struct packet *queue[slots][batch_size]; /* a ring of batches on their way */
static int sent, received;                      /* batches so far */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;

/* Waits until *count is not `full` batches ahead of *other; the slot is then the caller's. */
static struct packet **await(const int *count, const int *other, int full)
{
    pthread_mutex_lock(&lock);
    while (*count - *other == full)
        pthread_cond_wait(&moved, &lock);
    struct packet **slot = queue[*count % slots];
    pthread_mutex_unlock(&lock);
    return slot;
}

static void advance(int *count)
{
    pthread_mutex_lock(&lock);
    ++*count;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

static void *producer(void *packets)
{
    for (int b = 0; b < batches; b++, advance(&sent)) {
        struct packet **slot = await(&sent, &received, slots);
        CLAIM(pond_get_many(packets, (void **)slot, batch_size) == batch_size);
        for (int i = 0; i < batch_size; i++)
            slot[i]->number = b * batch_size + i;
    }
    return NULL;
}

/* Returns the sum of all numbers, which is wrong if one object is ever in two hands. */
static long long consume(pond *packets)
{
    long long sum = 0;
    for (int b = 0; b < batches; b++, advance(&received)) {
        struct packet **slot = await(&received, &sent, 0);
        for (int i = 0; i < batch_size; i++)
            sum += slot[i]->number;
        pond_put_many(packets, (void *const *)slot, batch_size);
    }
    return sum;
}

int main(void)
{
    const long long total = (long long)batches * batch_size;
    pthread_t thread;
    pond *packets = pond_create(&(pond_options){.name = "packets", .size = sizeof(struct packet)});
    CLAIM(packets != NULL && pthread_create(&thread, NULL, producer, packets) == 0);
    CLAIM(consume(packets) == total * (total - 1) / 2);
    CLAIM(pthread_join(thread, NULL) == 0);

    pond_stats stats;
    pond_stats_read(packets, &stats);
    CLAIM(stats.gets == (uint64_t)total && stats.live == 0);
    CLAIM_PLAIN(stats.hits >= stats.gets / 10 * 9);
    CLAIM(pond_destroy(packets) == 0);
    printf("%d packets handed over by %d objects\n", (int)stats.gets, (int)stats.constructed);
    return 0;
}
