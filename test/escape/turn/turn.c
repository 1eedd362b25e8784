/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program calls whose objects end with their functions: see turn.cpp. Compiled without the plugin.
 *
 * POND_TURN_LOG=FILE: a line for each site that is run, once.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct kept {
    void *object;
    void **list; /* of the call that keeps it */
    void (*put)(void *pool, void *object);
    void *pool;
    struct kept *next, *previous; /* in that list */
    struct kept *chain;           /* in the table */
};

#define BUCKETS 65536
static struct kept *table[BUCKETS];
static const char *seen[BUCKETS];
/* Where an object of a pool came from that a function hands on: the last that was noted in this place. */
static struct origin {
    void *object, *put, *pool;
} origins[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *pond_turn_stack(void *memory, size_t size, size_t zeroed, const char *site);
void pond_turn_keep(void **list, void *object, void *put, void *pool, const char *site);
/* A typed put wants the object alone. */
static void give_back(const struct kept *k)
{
    void (*alone)(void *);
    memcpy(&alone, &k->put, sizeof alone);
    if (k->put == NULL)
        free(k->object);
    else if (k->pool == NULL)
        alone(k->object);
    else
        k->put(k->pool, k->object);
}

void pond_turn_from(void *object, void *put, void *pool);
void pond_turn_end(void **list);
void pond_turn_forget(void *object);
void pond_turn_free(void *object);
void *pond_turn_realloc(void *object, size_t size);

static void ran(const char *site)
{
    size_t n = ((uintptr_t)site >> 3) % BUCKETS;
    if (seen[n] == site)
        return;
    seen[n] = site;
    const char *path = getenv("POND_TURN_LOG");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    if (file == NULL)
        return;
    fprintf(file, "%s\n", site);
    fclose(file);
}

static void take_lock(void)
{
    pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
    pthread_mutex_unlock(&lock);
}

/* Else another thread may have the lock when the program forks, and the child waits for it for ever. */
__attribute__((constructor)) static void prepare_for_forks(void)
{
    pthread_atfork(take_lock, give_lock, give_lock);
}

static struct kept **bucket(const void *object)
{
    return &table[((uintptr_t)object >> 4) % BUCKETS];
}

void *pond_turn_stack(void *memory, size_t size, size_t zeroed, const char *site)
{
    ran(site);
    memset(memory, zeroed ? 0 : 0xbe, size);
    return memory;
}

static struct origin *origin_of(void *object)
{
    return &origins[((uintptr_t)object >> 4) % BUCKETS];
}

void pond_turn_from(void *object, void *put, void *pool)
{
    pthread_mutex_lock(&lock);
    *origin_of(object) = (struct origin){object, put, pool};
    pthread_mutex_unlock(&lock);
}

/* put ASK: it is as noted; where another has taken the place of the note, the object is not kept. */
#define ASK ((void *)1)
void pond_turn_keep(void **list, void *object, void *put, void *pool, const char *site)
{
    if (put == ASK) {
        pthread_mutex_lock(&lock);
        struct origin o = *origin_of(object);
        pthread_mutex_unlock(&lock);
        if (o.object != object)
            return;
        put = o.put;
        pool = o.pool;
    }
    struct kept *k = object != NULL ? malloc(sizeof *k) : NULL;
    if (k == NULL)
        return;
    ran(site);
    pthread_mutex_lock(&lock);
    *k = (struct kept){object, list, NULL, pool, *list, NULL, *bucket(object)};
    memcpy(&k->put, &put, sizeof put);
    if (k->next != NULL)
        k->next->previous = k;
    *list = k;
    *bucket(object) = k;
    pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static struct kept *take(void *object)
{
    struct kept **at = bucket(object);
    while (*at != NULL && (*at)->object != object)
        at = &(*at)->chain;
    struct kept *k = *at;
    if (k == NULL)
        return NULL;
    *at = k->chain;
    if (k->previous != NULL)
        k->previous->next = k->next;
    else if (*k->list == k)
        *k->list = k->next;
    if (k->next != NULL)
        k->next->previous = k->previous;
    return k;
}

void pond_turn_end(void **list)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        struct kept *k = *list != NULL ? take(((struct kept *)*list)->object) : NULL;
        pthread_mutex_unlock(&lock);
        if (k == NULL)
            return;
        give_back(k);
        free(k);
    }
}

void pond_turn_forget(void *object)
{
    if (object == NULL)
        return;
    pthread_mutex_lock(&lock);
    free(take(object));
    pthread_mutex_unlock(&lock);
}

/* What has become a variable is not freed. With detect_stack_use_after_return it lies in a stack that is not
 * real. */
void *__asan_get_current_fake_stack(void);
void *__asan_addr_is_in_fake_stack(void *stack, void *address, void **begin, void **end);
static int on_stack(void *object)
{
    static __thread uintptr_t low, high;
    if (high == 0) {
        pthread_attr_t attributes;
        void *base;
        size_t size;
        if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
            pthread_attr_getstack(&attributes, &base, &size);
            pthread_attr_destroy(&attributes);
            low = (uintptr_t)base;
            high = low + size;
        }
    }
    void *stack = __asan_get_current_fake_stack();
    return ((uintptr_t)object >= low && (uintptr_t)object < high) ||
           (stack != NULL && __asan_addr_is_in_fake_stack(stack, object, NULL, NULL) != NULL);
}

void pond_turn_free(void *object)
{
    if (object == NULL || on_stack(object))
        return;
    pond_turn_forget(object);
    free(object);
}

void *pond_turn_realloc(void *object, size_t size)
{
    struct kept *k = NULL;
    if (object != NULL && on_stack(object))
        abort(); /* turn.cpp makes no variables of what is grown */
    pthread_mutex_lock(&lock);
    if (object != NULL)
        k = take(object);
    pthread_mutex_unlock(&lock);
    void *moved = realloc(object, size);
    if (k == NULL)
        return moved;
    void *put;
    memcpy(&put, &k->put, sizeof put);
    pond_turn_keep(k->list, moved != NULL ? moved : size != 0 ? object : NULL, put, k->pool, "realloc");
    free(k);
    return moved;
}
