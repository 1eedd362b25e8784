/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in the amalgamation for what the library uses of Concurrency Kit: a stack that many threads push to
 * and pop from, and a lock for where there is no such stack. Written for pond, with the atomics that gcc and
 * clang have in every standard; names and meaning are Concurrency Kit's. depot.c has the fences that its use
 * needs.
 *
 * The stack is lock-free on x86-64, whose cmpxchg16b both compilers would make a call of. Elsewhere the depot
 * takes the lock, as in the build with POND_DEPOT_LOCK.
 */
#ifndef POND_CK_H
#define POND_CK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the stack and the lock a build needs one. */
#define CK_INLINE __attribute__((__unused__)) static inline

typedef struct ck_stack_entry {
    struct ck_stack_entry *next;
} ck_stack_entry_t;

/* How many were popped, so that a head that was popped and pushed again is not taken for what it was. */
typedef struct ck_stack {
    ck_stack_entry_t *head;
    uintptr_t generation;
} __attribute__((__aligned__(2 * sizeof(void *)))) ck_stack_t;

typedef struct ck_spinlock {
    bool taken;
} ck_spinlock_t;

#define ck_pr_load_ptr(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define ck_pr_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define ck_pr_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

CK_INLINE void ck_stack_init(ck_stack_t *s)
{
    s->head = NULL;
    s->generation = 0;
}

/* ---- for many threads ---- */

#if defined(__x86_64__) && defined(__LP64__)
#define CK_F_STACK_POP_MPMC

/* Release: pairs with the acquire of a pop's head, so that whoever sees the entry sees its next. */
CK_INLINE void ck_stack_push_mpmc(ck_stack_t *s, ck_stack_entry_t *entry)
{
    ck_stack_entry_t *head = __atomic_load_n(&s->head, __ATOMIC_RELAXED);
    do {
        __atomic_store_n(&entry->next, head, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&s->head, &head, entry, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/*
 * False: another thread was in between, or there is nothing. The generation is read before the head: acquire
 * keeps it so. Read after it, it could be that of a later time, at which the head's next is another one.
 */
CK_INLINE bool ck_stack_trypop_mpmc(ck_stack_t *s, ck_stack_entry_t **entry)
{
    uintptr_t generation = __atomic_load_n(&s->generation, __ATOMIC_ACQUIRE);
    ck_stack_entry_t *head = __atomic_load_n(&s->head, __ATOMIC_ACQUIRE);
    ck_stack_entry_t *popped = head;
    bool done;
    if (head == NULL)
        return false;
    __asm__ __volatile__("lock cmpxchg16b %0"
                         : "+m"(*s), "=@ccz"(done), "+a"(head), "+d"(generation)
                         : "b"(__atomic_load_n(&head->next, __ATOMIC_RELAXED)), "c"(generation + 1)
                         : "memory");
    if (done)
        *entry = popped;
    return done;
}
#endif

/* ---- under a lock ---- */

CK_INLINE void ck_stack_push_spnc(ck_stack_t *s, ck_stack_entry_t *entry)
{
    entry->next = s->head;
    __atomic_store_n(&s->head, entry, __ATOMIC_RELAXED); /* raw_pop looks at it without the lock */
}

CK_INLINE ck_stack_entry_t *ck_stack_pop_npsc(ck_stack_t *s)
{
    ck_stack_entry_t *head = s->head;
    if (head != NULL)
        __atomic_store_n(&s->head, head->next, __ATOMIC_RELAXED); /* as above */
    return head;
}

CK_INLINE void ck_spinlock_init(ck_spinlock_t *lock)
{
    lock->taken = false;
}

/* Acquire: pairs with the unlock's release. */
CK_INLINE void ck_spinlock_lock(ck_spinlock_t *lock)
{
    while (__atomic_exchange_n(&lock->taken, true, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
            continue;
}

CK_INLINE void ck_spinlock_unlock(ck_spinlock_t *lock)
{
    __atomic_store_n(&lock->taken, false, __ATOMIC_RELEASE);
}

#endif
