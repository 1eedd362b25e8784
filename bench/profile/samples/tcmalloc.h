/* SPDX-License-Identifier: BSD-2-Clause */
/* What gperftools' sampling has seen: TCMALLOC_SAMPLE_PARAMETER says how it is set. */
#ifndef BENCH_PROFILE_SAMPLES_TCMALLOC_H
#define BENCH_PROFILE_SAMPLES_TCMALLOC_H

#include <gperftools/malloc_extension.h>

/* The text says "@ heap_v2/BYTES", or that there is nothing to say. */
inline std::string samples_seen()
{
    std::string text;
    MallocExtension::instance()->GetHeapSample(&text);
    size_t at = text.find("heap_v2/");
    unsigned long rate = at == std::string::npos ? 0 : std::strtoul(text.c_str() + at + 8, nullptr, 10);
    return "a sample every " + std::to_string(rate) + " bytes";
}

#endif
