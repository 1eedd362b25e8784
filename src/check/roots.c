/* SPDX-License-Identifier: BSD-2-Clause */
/* What the core tells tools of its own memory, see tools.h: where searches for leaks find pointers. */
#include "../watch.h"
#include "tools.h"

void watch_mapped(const void *memory, size_t bytes)
{
    tools_mapped(memory, bytes);
}

void watch_unmapped(const void *memory, size_t bytes)
{
    tools_unmapped(memory, bytes);
}

void watch_zeroed(const void *memory, size_t bytes)
{
    tools_zeroed(memory, bytes);
}
