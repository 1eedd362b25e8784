/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_get and pond_put called in libpond.so. */
#ifndef BENCH_PEERS_POND_SHARED_H
#define BENCH_PEERS_POND_SHARED_H

#include "common/pond_calls.h"

inline std::string peer_proof()
{
    return proof(std::string("pond ") + pond_version() + " called in libpond.so", file_called("pond_get"),
                 "libpond.so");
}

#endif
