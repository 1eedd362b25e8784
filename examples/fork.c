/*
 * fork: a pre-forking server fills its pond once and forks its workers. Each child has the idle
 * objects of all the parent's threads, and what the parent held live it holds too, as its own copy.
 * Nothing needs to be called around fork, and other threads may be in the pond at that moment.
 */
#define _POSIX_C_SOURCE 200809L
#include "claim.h"
#include <pond/pond.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { workers = 4, ready = 64 };

static pond *jobs;
static bool stop;

/* Another thread that uses the pond while the forks happen; it does not exist in the children. */
static void *busy(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        void *obj = pond_get(jobs);
        CLAIM(obj != NULL);
        pond_put(jobs, obj);
    }
    return arg;
}

/* Returns the child's exit status: 0 when everything is as it should be there. */
static int child(char *live)
{
    void *held[ready - 2];
    pond_stats before, after;
    pond_stats_read(jobs, &before);
    CLAIM(strcmp(live, "from the parent") == 0);
    CLAIM(pond_get_many(jobs, held, ready - 2) == ready - 2);
    pond_stats_read(jobs, &after);
    CLAIM_PLAIN(after.constructed == before.constructed); /* all of them had been made before the fork */
    pond_put_many(jobs, held, ready - 2);
    pond_put(jobs, live); /* the child's copy; the parent's is still live */
    pond_epoch_advance();
    return 0;
}

int main(void)
{
    pthread_t thread;
    int failed = 0, status = 0;
    jobs = pond_create(&(pond_options){.name = "jobs", .size = 512});
    CLAIM(jobs != NULL && pond_reserve(jobs, ready) == ready);
    char *live = pond_get(jobs);
    CLAIM(live != NULL);
    snprintf(live, 512, "from the parent");
    CLAIM(pthread_create(&thread, NULL, busy, NULL) == 0);

    for (int i = 0; i < workers; i++) {
        pid_t pid = fork();
        CLAIM(pid >= 0);
        if (pid == 0)
            _exit(child(live));
    }
    for (int i = 0; i < workers; i++)
        failed += wait(&status) < 0 || status != 0;
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    CLAIM(pthread_join(thread, NULL) == 0);
    CLAIM(failed == 0 && strcmp(live, "from the parent") == 0);
    pond_put(jobs, live);
    CLAIM(pond_destroy(jobs) == 0);
    printf("%d children worked with what the parent had made\n", workers);
    return 0;
}
