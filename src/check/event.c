/* SPDX-License-Identifier: BSD-2-Clause */
/* Events: threads and forks by number, and the frames of what happened (see event.h). */
#include "event.h"
#include <unistd.h>

static uint32_t threads;
static uint16_t forks;
static pid_t process; /* 0: not yet asked for */
__thread uint32_t event_self POND_TLS_;

uint32_t event_number(void)
{
    /* Relaxed: no two threads get one number, and nothing is handed over with it. */
    return event_self = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
}

uint16_t event_forks(void)
{
    return LOAD(forks); /* Relaxed: a thread sees the forks that it made itself, a child all before it */
}

void event_forked(void)
{
    STORE(forks, (uint16_t)(forks + 1)); /* Relaxed: as in event_forks; one fork at a time has all locks */
    STORE(process, 0);                   /* Relaxed: whoever reads the old number is in the parent */
    (void)event_process();
}

int event_process(void)
{
    pid_t known = LOAD(process); /* Relaxed: all that write it in one process write the same number */
    if (known == 0) {
        known = getpid();
        STORE(process, known); /* Relaxed: see above */
    }
    return (int)known;
}

const void *const *event_frames(const struct event *e, const void **one, size_t *count)
{
    if ((e->stack & EVENT_CALLER) == 0)
        return stack_frames((uint32_t)e->stack, count);
    *one = (const void *)(uintptr_t)(e->stack & ~EVENT_CALLER);
    *count = 1;
    return one;
}
