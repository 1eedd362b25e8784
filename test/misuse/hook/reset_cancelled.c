/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a thread is cancelled in a reset hook
// word: hook
// debug: confine
// report: the thread ended, and the reset hook that it ran had not returned
// asan: stack-buffer-(over|under)flow
// report: put: thread
// report: got: thread
#include "misuse.h"

/* AddressSanitizer does not see that frames are left by cancellation: what it forbade around their variables
 * then meets those of the functions that run at the thread's end, be it the library's or its own. */

/* As a hook does that closes a connection in an orderly way. */
static bool reset(void *obj, void *ctx)
{
    int before = PTHREAD_CANCEL_ENABLE;
    (void)ctx;
    if (!wrong)
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    memset(obj, 0, sizeof(struct conn));
    pthread_testcancel();
    pthread_setcancelstate(before, NULL);
    return true;
}

static void *serve(void *arg)
{
    struct pair *pair = arg;
    pthread_cancel(pthread_self());
    pond_put(pair->p, pair->obj);
    pthread_testcancel();
    return NULL;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .reset = reset});
    run_thread(serve, &(struct pair){p, must_get(p)});
    pond_epoch_advance();
    end(p);
}
