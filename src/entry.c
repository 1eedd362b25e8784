/* SPDX-License-Identifier: BSD-2-Clause */
#include "entry.h"

__thread uint32_t entry_state POND_TLS_;
