/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaves blocks with POND_SCOPED in each way, and prints how many objects each way left live. */
#include <pond/typed.h>

#include <pthread.h>
#include <stdio.h>

struct request {
    char bytes[100];
};

POND_DECLARE(request, struct request)
POND_DEFINE(request, struct request)

static void by_end(void)
{
    POND_SCOPED(request, r);
    r->bytes[0] = 1;
}

static int by_return(void)
{
    POND_SCOPED(request, r);
    return r->bytes[0];
}

static void by_break(void)
{
    for (;;) {
        POND_SCOPED(request, r);
        if (r != NULL)
            break;
    }
}

static void by_goto(void)
{
    {
        POND_SCOPED(request, r);
        if (r != NULL)
            goto out;
    }
out:
    return;
}

static void *by_exit(void *unused)
{
    POND_SCOPED(request, r);
    r->bytes[0] = 1;
    pthread_exit(unused);
}

static void *by_cancel(void *unused)
{
    POND_SCOPED(request, r);
    r->bytes[0] = 1;
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    return unused;
}

static void say(const char *way)
{
    pond_stats s;
    pond_stats_read(request_pond(), &s);
    (void)printf("%s %u\n", way, (unsigned)s.live);
}

static void say_thread(const char *way, void *(*body)(void *unused))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, NULL) == 0)
        (void)pthread_join(thread, NULL);
    say(way);
}

int main(void)
{
    by_end();
    say("end");
    (void)by_return();
    say("return");
    by_break();
    say("break");
    by_goto();
    say("goto");
    say_thread("exit", by_exit);
    say_thread("cancel", by_cancel);
    return 0;
}
