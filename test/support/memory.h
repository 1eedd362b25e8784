/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says about this process's memory. */
#ifndef TEST_SUPPORT_MEMORY_H
#define TEST_SUPPORT_MEMORY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

size_t memory_resident(void); /* bytes of physical memory, counted exactly (smaps_rollup) */
size_t memory_mappings(void); /* how many mappings there are */
size_t memory_mapped(void);   /* bytes of address space */

#ifdef __cplusplus
}
#endif

#endif
