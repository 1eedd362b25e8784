/*
 * An event loop that ticks from its timeout, and sleeps without one when no pond has anything for a tick to
 * do: pond_has_idle. All ponds together keep no more than pond_idle_budget idle, and give more back at once
 * when the system asks for memory: pond_trim_to.
 */
#include "claim.h"
#include <poll.h>
#include <pond/pond.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MILLISECONDS = 5, BUFFER = 16 << 10, BURST = 300 };

static int wakeups, requests[2];
static pond *buffers, *headers;

/* A burst of requests: each takes a buffer and a header for a while. */
static void serve(void)
{
    static void *held[2][BURST];
    CLAIM(pond_get_many(buffers, held[0], BURST) == BURST && pond_get_many(headers, held[1], BURST) == BURST);
    pond_put_many(buffers, held[0], BURST);
    pond_put_many(headers, held[1], BURST);
}

/* Returns when there was no request for so many milliseconds. */
static void loop(int patience)
{
    struct pollfd there = {.fd = requests[0], .events = POLLIN};
    for (;;) {
        bool ticks = pond_has_idle();
        int ready = poll(&there, 1, ticks ? TICK_MILLISECONDS : patience);
        wakeups++;
        if (ready > 0) {
            char byte;
            CLAIM(read(requests[0], &byte, 1) == 1);
            serve();
        } else if (ticks) {
            (void)pond_epoch_advance();
        } else {
            return;
        }
    }
}

static size_t idle_bytes(pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    return s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes;
}

int main(void)
{
    buffers = pond_create(&(pond_options){.name = "buffers", .size = BUFFER});
    headers = pond_create(&(pond_options){.name = "headers", .size = 512});
    CLAIM(buffers != NULL && headers != NULL && pipe(requests) == 0);

    CLAIM(write(requests[1], "r", 1) == 1);
    loop(20);
    CLAIM(idle_bytes(buffers) == 0 && !pond_has_idle()); /* what the burst left has aged */
    CLAIM(wakeups < 10);                                 /* and the loop has slept since */

    serve();
    pond_idle_budget((size_t)1 << 20);
    while (idle_bytes(buffers) + idle_bytes(headers) > (size_t)1 << 20)
        (void)pond_epoch_advance(); /* the first does it; under POND_DEBUG=chaos it may come late */

    size_t gone = pond_trim_to((size_t)64 << 10); /* the system asks for memory */
    CLAIM(gone > 0 && idle_bytes(buffers) + idle_bytes(headers) <= (size_t)64 << 10);
    CLAIM(pond_destroy(buffers) == 0 && pond_destroy(headers) == 0);
    printf("woken up %d times for a burst, %zu KiB given back at once\n", wakeups, gone / 1024);
    return 0;
}
