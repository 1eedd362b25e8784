/*
 * Ageing on a timer thread: the application calls pond_epoch_advance, here every few milliseconds (a
 * server does so about once a second). What no get touched for two ticks is dropped, on the ticking
 * thread. pond_tick_budget bounds how much one tick drops, so that after a burst no tick is long.
 */
#define _POSIX_C_SOURCE 200809L
#include "claim.h"
#include <pond/pond.h>
#include <pthread.h>
#include <time.h>

enum { burst = 1000, budget = 100 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ticked = PTHREAD_COND_INITIALIZER;
static bool stop;
static int dropped, most_per_tick, ticks; /* written by the timer thread, under lock but for dropped */
static pthread_t main_thread;

static void job_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)ctx;
    if (why == POND_DROP_EPOCH) {
        CLAIM(!pthread_equal(pthread_self(), main_thread)); /* who ticks pays, nobody else */
        dropped++;
    }
}

static void *timer(void *arg)
{
    const struct timespec period = {0, 2 * 1000 * 1000};
    pthread_mutex_lock(&lock);
    while (!stop) {
        pthread_mutex_unlock(&lock);
        int before = dropped;
        pond_epoch_advance();
        int now = dropped - before;
        nanosleep(&period, NULL);
        pthread_mutex_lock(&lock);
        most_per_tick = now > most_per_tick ? now : most_per_tick;
        ticks++;
        pthread_cond_signal(&ticked);
    }
    pthread_mutex_unlock(&lock);
    return arg;
}

static void wait_until_empty(pond *jobs)
{
    pond_stats s;
    pthread_mutex_lock(&lock);
    for (pond_stats_read(jobs, &s); s.idle_local + s.idle_shared + s.idle_victim > 0;
         pond_stats_read(jobs, &s))
        pthread_cond_wait(&ticked, &lock);
    stop = true;
    pthread_mutex_unlock(&lock);
}

int main(void)
{
    static void *held[burst];
    pthread_t thread;
    main_thread = pthread_self();
    pond *jobs = pond_create(&(pond_options){.name = "jobs", .size = 256, .destroy = job_destroy});
    CLAIM(jobs != NULL && pond_get_many(jobs, held, burst) == burst);
    pond_put_many(jobs, held, burst); /* the burst is over: 1,000 idle objects */

    pond_tick_budget(budget);
    CLAIM(pthread_create(&thread, NULL, timer, NULL) == 0);
    wait_until_empty(jobs);
    CLAIM(pthread_join(thread, NULL) == 0);
    CLAIM(most_per_tick <= budget);
    CLAIM_PLAIN(dropped == burst && ticks >= burst / budget);
    CLAIM(pond_destroy(jobs) == 0);
    printf("%d objects dropped in %d ticks, at most %d in one\n", dropped, ticks, most_per_tick);
    return 0;
}
