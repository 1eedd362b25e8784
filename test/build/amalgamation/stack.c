/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads pop entries and push them back, few entries, so that a head is often popped and pushed again while
 * another thread is about to swap it. An entry is in one hand at a time, and none is lost.
 */
#define _GNU_SOURCE
#include "ck.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, ENTRIES = 6, ROUNDS = 1000000 };

struct entry {
    ck_stack_entry_t link; /* first: an entry is found by it */
    bool held;
};

static ck_stack_t stack __attribute__((aligned(64)));
static struct entry entries[ENTRIES];
static pthread_barrier_t all_there;

static void failed(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

#if defined(CK_F_STACK_POP_MPMC) && !defined(POND_DEPOT_LOCK)
#define LOCK_FREE true

static void push(struct entry *e)
{
    ck_stack_push_mpmc(&stack, &e->link);
}

static struct entry *pop(void)
{
    ck_stack_entry_t *top = NULL;
    while (ck_pr_load_ptr(&stack.head) != NULL && !ck_stack_trypop_mpmc(&stack, &top))
        continue;
    return (struct entry *)(void *)top;
}
#else
#define LOCK_FREE false

static ck_spinlock_t lock;

static void push(struct entry *e)
{
    ck_spinlock_lock(&lock);
    ck_stack_push_spnc(&stack, &e->link);
    ck_spinlock_unlock(&lock);
}

static struct entry *pop(void)
{
    ck_spinlock_lock(&lock);
    struct entry *e = (struct entry *)(void *)ck_stack_pop_npsc(&stack);
    ck_spinlock_unlock(&lock);
    return e;
}
#endif

static void take(struct entry *e)
{
    if (__atomic_exchange_n(&e->held, true, __ATOMIC_RELAXED))
        failed("an entry was popped twice");
}

static void give(struct entry *e)
{
    __atomic_store_n(&e->held, false, __ATOMIC_RELAXED);
    ck_pr_fence_release();
    push(e);
}

/* Two in hand, given back in the order in which they came: the head that comes back has another next. */
static void *work(void *none)
{
    (void)pthread_barrier_wait(&all_there);
    for (int i = 0; i < ROUNDS; i++) {
        struct entry *a = pop(), *b = pop();
        if (a != NULL)
            take(a);
        if (b != NULL)
            take(b);
        if (a != NULL)
            give(a);
        if (b != NULL)
            give(b);
    }
    return none;
}

/* A popper that was held up since before these finds another generation, though the head is the same. */
static void generations_differ(void)
{
    uintptr_t before = stack.generation;
    ck_stack_entry_t *head = stack.head;
    push(pop());
    if (stack.head != head || stack.generation == before)
        failed("a head that was popped and pushed again looks as before");
}

int main(void)
{
    pthread_t threads[THREADS];
    size_t left = 0;
    (void)pthread_barrier_init(&all_there, NULL, THREADS);
    ck_stack_init(&stack);
    for (size_t i = 0; i < ENTRIES; i++)
        push(&entries[i]);
    if (LOCK_FREE)
        generations_differ();
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            failed("no thread");
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    for (struct entry *e = pop(); e != NULL; e = pop(), left++)
        take(e);
    if (left != ENTRIES)
        failed("an entry was lost");
    return 0;
}
