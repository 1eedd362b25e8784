/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether jemalloc samples: MALLOC_CONF says it. It tells no number of samples, but in a dump. */
#ifndef BENCH_PROFILE_SAMPLES_JEMALLOC_H
#define BENCH_PROFILE_SAMPLES_JEMALLOC_H

#include <jemalloc/jemalloc.h>

inline std::string samples_seen()
{
    bool can = false, does = false, active = false;
    size_t lg = 0, size = sizeof can, lg_size = sizeof lg;
    mallctl("config.prof", &can, &size, nullptr, 0);
    if (!can)
        return "built without --enable-prof: it cannot sample";
    mallctl("opt.prof", &does, &size, nullptr, 0);
    mallctl("prof.active", &active, &size, nullptr, 0);
    if (!does || !active)
        return "prof is off";
    mallctl("prof.lg_sample", &lg, &lg_size, nullptr, 0);
    return "a sample every 2^" + std::to_string(lg) + " bytes";
}

#endif
