/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that fail when a test says so. For tests linked with
 *
 *     -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
 *
 * whose own code then does not call these functions itself.
 */
#ifndef TEST_SUPPORT_FAULT_H
#define TEST_SUPPORT_FAULT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum fault_call { FAULT_MMAP, FAULT_MUNMAP, FAULT_MADVISE, FAULT_CALLS } fault_call;

/* The call fails at its n-th use from now on, counted from 0, and, with onwards, at each later one. */
void fault_arm(fault_call call, size_t n, bool onwards);
void fault_disarm(fault_call call);
void fault_error(fault_call call, int error); /* what errno says then; else ENOMEM, of madvise EAGAIN */

size_t fault_uses(fault_call call); /* since it was armed */
size_t fault_hits(fault_call call); /* those that failed */

/* From now on mappings ask for huge pages, as if the system gave them unasked (the setting "always"). */
void fault_huge_pages(void);

#endif
