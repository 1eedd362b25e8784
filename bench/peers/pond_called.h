/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_get and pond_put called in libpond.a. */
#ifndef BENCH_PEERS_POND_CALLED_H
#define BENCH_PEERS_POND_CALLED_H

#include "common/pond_calls.h"

inline std::string peer_proof()
{
    return proof(std::string("pond ") + pond_version() + " called in libpond.a",
                 file_of(reinterpret_cast<const void *>(&pond_get)), file_of_program());
}

#endif
