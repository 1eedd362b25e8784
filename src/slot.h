/* SPDX-License-Identifier: BSD-2-Clause */
/* Which thread has which slot, for gate.c and the registry. The comment on top of gate.c holds for both. */
#ifndef POND_SLOT_H
#define POND_SLOT_H

#include "gate.h"

struct slot {
    /* The cache that the owner is inside of, on the slow path. Written by the owner alone. */
    struct cache *busy;
    uint64_t open;   /* 0: its owner has to come by under the registry's lock first */
    bool used;       /* a thread has it */
    bool fenced;     /* its thread knows whether there is a barrier */
    bool left;       /* a thread that is gone left its caches as they were: they are emptied first */
    uint32_t thread; /* the kernel's number for it */
} __attribute__((aligned(64)));

struct slots {
    struct slot all[GATE_THREADS];
    uint32_t end;      /* no slot from here on was ever used */
    uint32_t used;     /* slots that a thread has */
    uint32_t refusals; /* registrations that found no slot free */
    bool fenced;       /* no membarrier. Never goes back to false */
    pthread_key_t key;
    bool key_made;
    bool (*grow)(uint32_t lines);
};

extern struct slots slots;

struct slot_of_thread {
    struct slot *slot; /* NULL: not registered */
    bool exiting;
};

extern __thread struct slot_of_thread slot_mine POND_TLS_ UNPADDED;

#endif
