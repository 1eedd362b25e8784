/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library asks of the operating system. Nothing here takes a lock. */
#ifndef POND_OS_H
#define POND_OS_H

#include "port.h"

size_t os_page_size(void);

/*
 * Zeroed memory of whole pages, or NULL with ENOMEM. os_map_aligned: align is a power of two. No huge page is
 * ever put there, so that a page is resident when it was written to, and not when it was purged.
 */
void *os_map(size_t bytes);
void *os_map_aligned(size_t bytes, size_t align);
void os_unmap(void *base, size_t bytes);

/* Gives the pages back; they read as zero afterwards. False: they are as they were. */
bool os_purge(void *base, size_t bytes);

/* Keeps the kernel from bringing more than a page where one is written to. os_map has done so. */
void os_small_pages(void *base, size_t bytes);

/* True: os_barrier works from now on. To be called again in a forked child. */
bool os_barrier_register(void);

/* True: every thread of the process passed a full fence at some point during the call. False: the kernel
 * refuses. */
bool os_barrier(void);

/* The kernel's number for this thread, which no other living one of the process has; 0: it says none. */
uint32_t os_thread(void);
bool os_thread_is_gone(uint32_t thread); /* false: it is there, or there is no knowing */

uint64_t os_milliseconds(void); /* since some time in the past */

/* Keeps this thread from being cancelled meanwhile. What the first returns the second puts back. */
int os_hold_cancel(void);
void os_allow_cancel(int before);

void os_yield(void);
void os_nap(void); /* a tenth of a millisecond; never cancelled */

#endif
