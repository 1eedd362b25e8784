/* SPDX-License-Identifier: BSD-2-Clause */
/* A witness remembers which objects were destroyed, in order, and why: for tests of few objects. */
#ifndef TEST_SUPPORT_WITNESS_H
#define TEST_SUPPORT_WITNESS_H

#include <pond/pond.h>
#include <pthread.h>

enum { WITNESS_ROOM = 20000 };

typedef struct witness {
    pthread_mutex_t lock;
    size_t count;
    void *objs[WITNESS_ROOM];
    pond_drop_reason why[WITNESS_ROOM];
    pthread_t by[WITNESS_ROOM]; /* the thread the hook ran on */
} witness;

#define WITNESS_INIT                                                                                         \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                                    \
    }

/* Options for objects of size bytes whose destroy hook writes to the witness. */
pond_options witness_options(witness *w, size_t size);

size_t witness_count(witness *w); /* destroyed so far */
size_t witness_count_why(witness *w, pond_drop_reason why);
bool witness_saw(witness *w, const void *obj); /* was it destroyed? */

#endif
