/*
 * An ad-hoc free list and the pond that replaces it. Before: a mutex and a list of spare objects, as
 * many servers have; it needs a link inside the object, every get and put takes one lock, and what
 * the largest burst needed stays for ever. After: the bodies of two functions, and a tick.
 */
#include "claim.h"
#include <pond/pond.h>
#include <pthread.h>

struct job {
    struct job *next; /* before: the free list's link. After: not needed */
    long number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *spare;
static int spares;

static struct job *get_before(void)
{
    pthread_mutex_lock(&lock);
    struct job *j = spare;
    if (j != NULL) {
        spare = j->next;
        spares--;
    }
    pthread_mutex_unlock(&lock);
    return j != NULL ? j : calloc(1, sizeof(*j));
}

static void put_before(struct job *j)
{
    pthread_mutex_lock(&lock);
    j->next = spare;
    spare = j;
    spares++;
    pthread_mutex_unlock(&lock);
}

static pond *jobs;

static struct job *get_after(void)
{
    return pond_get(jobs);
}
static void put_after(struct job *j)
{
    pond_put(jobs, j);
}

/* Bursts of 1,000 jobs, the same on either. Returns the sum of all numbers. */
static long run(struct job *(*get)(void), void (*put)(struct job *))
{
    struct job *burst[1000];
    long sum = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 1000; i++) {
            CLAIM((burst[i] = get()) != NULL);
            burst[i]->number = i;
        }
        for (int i = 0; i < 1000; i++) {
            sum += burst[i]->number;
            put(burst[i]);
        }
    }
    return sum;
}

int main(void)
{
    const long sum = 50 * 1000L * 999 / 2;
    pond_stats s;
    jobs = pond_create(&(pond_options){.name = "jobs", .size = sizeof(struct job)});
    CLAIM(jobs != NULL);
    CLAIM(run(get_before, put_before) == sum);
    CLAIM(run(get_after, put_after) == sum);
    pond_epoch_advance();
    pond_epoch_advance();
    pond_stats_read(jobs, &s);
    CLAIM(spares == 1000);
    CLAIM_PLAIN(s.idle_local + s.idle_shared + s.idle_victim == 0);
    printf("after the last burst and two ticks: free list %d objects, pond 0\n", spares);
    while (spare != NULL)
        free(get_before());
    CLAIM(pond_destroy(jobs) == 0);
    return 0;
}
