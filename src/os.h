/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library asks of the operating system. Nothing here takes a lock. */
#ifndef POND_OS_H
#define POND_OS_H

#include "port.h"

size_t os_page_size(void);

/*
 * Zeroed memory of whole pages, or NULL with ENOMEM. Here and below no huge page is ever put there, so that a
 * page is resident when it was written to, and not when it was purged. That holds in a process that locks its
 * memory, too: what os_map returned is locked page by page as it is used.
 */
void *os_map(size_t bytes);
void os_unmap(void *base, size_t bytes);

/* The same, of which only the first `open` bytes, whole pages, are memory; os_open makes more of it memory,
   from there on. The second takes back what the first gave. */
void *os_map_part(size_t bytes, size_t open);
void os_unmap_part(void *base, size_t bytes);

/*
 * Address space without memory, or NULL with ENOMEM; align is a power of two. It counts for no limit but that
 * of address space, and, where the process locks its memory, that of locked memory.
 */
void *os_reserve(size_t bytes, size_t align);
void os_release(void *base, size_t bytes); /* opened or not */

/*
 * Makes a part of what was reserved zeroed memory; what is open already stays. False, with ENOMEM: it cannot.
 */
bool os_open(void *base, size_t bytes);

/* Tries again to unmap what could not be. It keeps no memory meanwhile but a page each. */
void os_unmap_kept(void);

/* Gives the pages back; they read as zero afterwards. False: some may be as they were. */
bool os_purge(void *base, size_t bytes);

/* Makes these pages of what was opened resident and writable now. Where the kernel cannot (before Linux 5.14)
   or will not, they become so when they are written to. */
void os_populate(void *base, size_t bytes);

/* True: the process locks its memory, so that pages are resident from when they are opened. To be asked of
 * pages in which nothing lies yet. */
bool os_is_locked(void *base, size_t bytes);

/* Keeps the kernel from bringing more than a page where one is written to. What the functions above return is
 * so from the start. */
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
uint64_t os_microseconds(void); /* since the same */

/* A number that is another one in each process and at each call. */
uint64_t os_seed(void);

/* Keeps this thread from being cancelled between the two calls. What the first returns is for the second. */
int os_hold_cancel(void);
void os_allow_cancel(int before);

void os_yield(void);
void os_nap(void); /* a tenth of a millisecond; never cancelled */

#endif
