/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The free list that servers write themselves: a mutex, a list linked through the objects, malloc when it is
 * empty. One for each size, in a cache line of its own; the mutex is the default one. What is constructed
 * stays so, but for the first word, where the link is.
 */
#ifndef BENCH_PEERS_MUTEX_LIST_H
#define BENCH_PEERS_MUTEX_LIST_H

#include <malloc.h>
#include <pthread.h>

#include "common/plain.h"
#include "common/proof.h"

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

struct mutex_list_link {
    mutex_list_link *next;
};

struct alignas(64) mutex_list {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    mutex_list_link *head = nullptr;
};

template <size_t Size, content Content> inline mutex_list mutex_list_of;

inline void *mutex_list_pop(mutex_list &list)
{
    pthread_mutex_lock(&list.lock);
    mutex_list_link *link = list.head;
    if (link != nullptr)
        list.head = link->next;
    pthread_mutex_unlock(&list.lock);
    return link;
}

template <size_t Size, content Content = content::any> inline void *peer_get()
{
    void *obj = mutex_list_pop(mutex_list_of<Size, Content>);
    if (__builtin_expect(obj != nullptr, 1))
        return obj;
    obj = std::malloc(Size);
    if constexpr (Content == content::constructed)
        construct(obj);
    return obj;
}

template <size_t Size, content Content = content::any> inline void peer_put(void *obj)
{
    mutex_list &list = mutex_list_of<Size, Content>;
    auto *link = static_cast<mutex_list_link *>(obj);
    pthread_mutex_lock(&list.lock);
    link->next = list.head;
    list.head = link;
    pthread_mutex_unlock(&list.lock);
}

inline void peer_tick() {}

template <size_t Size> inline void mutex_list_free()
{
    while (void *obj = mutex_list_pop(mutex_list_of<Size, content::any>))
        std::free(obj);
}

/* What a server that wrote the list can also write. */
inline void peer_purge()
{
    mutex_list_free<64>();
    mutex_list_free<1024>();
    mutex_list_free<4096>();
    malloc_trim(0);
}

inline std::string peer_proof()
{
    return proof(proof_of_reuse("mutex and list", peer_get<64>, peer_put<64>),
                 file_called("pthread_mutex_lock"), "libc.so");
}

#endif
