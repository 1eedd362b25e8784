/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An object that costs something to construct: a permutation of 256 numbers shuffled by a generator, as
 * the key schedule of a cipher makes one; a KiB, and about a microsecond, for each step waits for the one
 * before. The first word is its user's: free lists have their link there, and every user writes it.
 */
#ifndef BENCH_PEERS_COMMON_CONSTRUCT_H
#define BENCH_PEERS_COMMON_CONSTRUCT_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

/* What is in an object that a get returns; of content::reset some of its fields are as reset_fields leaves
 * them. */
enum class content { any, constructed, reset };

/* What the least of a server's reset hooks does. */
__attribute__((noinline)) inline void reset_fields(void *obj)
{
    uint64_t *field = static_cast<uint64_t *>(obj);
    field[0] = 0;
    field[1] = 0;
    field[2] = 1;
}

struct construction {
    static constexpr size_t entries = 256, steps = 384;
    uint32_t table[entries];
};

/* Makes memory of Size bytes, at least sizeof(construction), an object. */
__attribute__((noinline)) inline void construct(void *obj)
{
    uint32_t *table = static_cast<construction *>(obj)->table;
    for (size_t i = 0; i < construction::entries; i++)
        table[i] = static_cast<uint32_t>(i);
    uint32_t random = 0;
    for (size_t i = 0; i < construction::steps; i++) {
        uint32_t &entry = table[i % construction::entries];
        random = random * 1664525 + 1013904223 + entry;
        std::swap(entry, table[random >> 24]);
    }
}

/* Whether obj is as construct leaves it, but for the first word. */
inline bool is_constructed(const void *obj)
{
    construction expected;
    construct(&expected);
    return std::memcmp(static_cast<const uint64_t *>(obj) + 1, reinterpret_cast<uint64_t *>(&expected) + 1,
                       sizeof expected - sizeof(uint64_t)) == 0;
}

#endif
