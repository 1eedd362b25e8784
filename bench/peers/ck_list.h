/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A free list without a lock: Concurrency Kit's ck_stack for many putting and many getting threads, malloc
 * when it is empty. The link lies before the object, and no memory is ever freed: a get reads the link of
 * what another thread may have got meanwhile. So there is nothing to purge.
 */
#ifndef BENCH_PEERS_CK_LIST_H
#define BENCH_PEERS_CK_LIST_H

#include <ck_md.h>
#include <ck_stack.h>

#include "common/plain.h"
#include "common/proof.h"

#ifndef CK_F_STACK_POP_MPMC
#error "this machine's ck_stack has no pop for many threads"
#endif

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

struct alignas(16) ck_list_link {
    ck_stack_entry_t entry;
};

struct alignas(64) ck_list {
    alignas(16) ck_stack_t stack = CK_STACK_INITIALIZER;
};

template <size_t Size, content Content> inline ck_list ck_list_of;

template <size_t Size, content Content> __attribute__((noinline)) void *ck_list_make()
{
    auto *link = static_cast<ck_list_link *>(std::malloc(sizeof(ck_list_link) + Size));
    if constexpr (Content == content::constructed)
        construct(link + 1);
    return link + 1;
}

template <size_t Size, content Content = content::any> inline void *peer_get()
{
    ck_stack_entry_t *entry = ck_stack_pop_mpmc(&ck_list_of<Size, Content>.stack);
    if (__builtin_expect(entry == nullptr, 0))
        return ck_list_make<Size, Content>();
    return reinterpret_cast<ck_list_link *>(entry) + 1;
}

template <size_t Size, content Content = content::any> inline void peer_put(void *obj)
{
    ck_stack_push_mpmc(&ck_list_of<Size, Content>.stack, &(static_cast<ck_list_link *>(obj) - 1)->entry);
}

inline void peer_tick() {}

inline void peer_purge() {}

inline std::string peer_proof()
{
    return proof(proof_of_reuse("ck_stack " CK_VERSION " inlined", peer_get<64>, peer_put<64>),
                 file_of(reinterpret_cast<const void *>(&ck_list_make<64, content::any>)), file_of_program());
}

#endif
