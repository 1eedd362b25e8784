/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file in which the preloaded library counts, and which the command reads: one for each process. The
 * library maps it shared, so it has all that was counted however the process ends, and can be read while it
 * runs.
 */
#ifndef SCOUT_LAYOUT_H
#define SCOUT_LAYOUT_H

#include <stdint.h>

#define SCOUT_MAGIC "pond-scout 1"

enum {
    SCOUT_DEPTH = 8,  /* return addresses of a chain, at most */
    SCOUT_SIZES = 8,  /* sizes of a chain that are told apart; what is of others is counted together */
    SCOUT_LIVES = 40, /* lifetimes by powers of two, from 100 ns on */
    SCOUT_ENDS = 4,   /* chains that free what another one allocated */
    SCOUT_MODULES = 256,
    SCOUT_CHAINS = 16384,
    SCOUT_SIMS = 16384
};

/* A module of the process, as the loader has it: an address less its bias is the file's. */
struct scout_module {
    uint64_t low, high, bias;
    char path[488];
};

/* Return addresses, from the caller of the allocator outwards. */
struct scout_chain {
    uint64_t pc[SCOUT_DEPTH];
    uint32_t depth;
    uint32_t sims[SCOUT_SIZES + 1]; /* 0: none; the last is for what is of other sizes */
};

/*
 * What one chain allocated of one size, and the pond that would have served it. One object in several is
 * recorded, and counts for so many, as do all counts here but `recorded`, `timed` and `ends`.
 */
struct scout_sim {
    uint64_t size; /* 0: several */
    uint64_t smallest, largest, bytes;
    uint64_t recorded;
    uint64_t gets, puts, elsewhere; /* elsewhere: put by another thread than got */
    uint64_t resized, cleared;      /* by realloc; got by calloc */
    uint64_t live, live_peak;
    uint64_t live_most;          /* since the simulated tick before */
    uint64_t population, misses; /* objects there would be; gets that would have made one */
    uint64_t population_peak, idle_peak, idle_sum, ticks;
    uint64_t epoch;
    uint64_t first, last; /* ns, of gets */
    uint64_t timed, get_ns, put_timed, put_ns;
    uint64_t lives[SCOUT_LIVES];
    struct {
        uint32_t chain, count;
    } ends[SCOUT_ENDS];
    uint32_t chain;
};

/* All counts are the library's; the first chain and the first sim stay empty, for 0 is none. */
struct scout_file {
    char magic[16];
    uint64_t bytes; /* of this structure */
    uint32_t process, parent;
    uint64_t began, seen; /* ns: the start, the last that was recorded */
    uint64_t lost;        /* objects there was no room for */
    uint64_t unwound;     /* chains that were found the slow way */
    uint32_t every, most_every;
    uint32_t module_count, chain_count, sim_count, threads;
    char program[256];
    struct scout_module modules[SCOUT_MODULES];
    struct scout_chain chains[SCOUT_CHAINS];
    struct scout_sim sims[SCOUT_SIMS];
};

#endif
