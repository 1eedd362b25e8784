/* SPDX-License-Identifier: BSD-2-Clause */
/* What pond's sampling has seen: POND_PROFILE says how it is set. */
#ifndef BENCH_PROFILE_SAMPLES_POND_H
#define BENCH_PROFILE_SAMPLES_POND_H

#include <pond/profile.h>

inline std::string samples_seen()
{
    unsigned long samples = 0;
    pond_profile_each(
        [](const pond_profile_row *row, void *sum) {
            *static_cast<unsigned long *>(sum) += row->samples;
            return 0;
        },
        &samples);
    return "a sample every " + std::to_string(pond_profile_rate()) + " bytes, " + std::to_string(samples) +
           " samples";
}

#endif
