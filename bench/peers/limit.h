/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limit: what nothing can be faster than that keeps objects for each thread. A thread-local array
 * of objects; nobody else can ever reach what a thread keeps in it, and it never shrinks.
 */
#ifndef BENCH_PEERS_LIMIT_H
#define BENCH_PEERS_LIMIT_H

#include "common/plain.h"
#include "common/proof.h"

#ifndef LIMIT_CALL
#define LIMIT_CALL inline
#endif

constexpr bool peer_shares = false; /* the getting thread would only ever malloc, the other only free */

template <size_t Size, content Content> struct limit_cache {
    static constexpr size_t room = 8192;
    size_t count;
    void *objs[room];
};

template <size_t Size, content Content> thread_local limit_cache<Size, Content> limit_self;

template <size_t Size, content Content> __attribute__((noinline)) void *limit_make()
{
    void *obj = std::malloc(Size);
    if constexpr (Content == content::constructed)
        construct(obj);
    return obj;
}

template <size_t Size, content Content = content::any> LIMIT_CALL void *peer_get()
{
    limit_cache<Size, Content> &self = limit_self<Size, Content>;
    return __builtin_expect(self.count != 0, 1) ? self.objs[--self.count] : limit_make<Size, Content>();
}

template <size_t Size, content Content = content::any> LIMIT_CALL void peer_put(void *obj)
{
    limit_cache<Size, Content> &self = limit_self<Size, Content>;
    if (__builtin_expect(self.count < self.room, 1))
        self.objs[self.count++] = obj;
    else
        std::free(obj);
}

inline void peer_tick() {}

inline void peer_purge() {}

inline std::string peer_proof()
{
    return "thread-local array, unsafe";
}

#endif
