/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of pond_dump, for the library itself. */
#ifndef POND_DUMP_H
#define POND_DUMP_H

/*
 * Writes the table, where the thread is at work in the library already and is not cancelled; returns 0, or
 * errno. No lock is held.
 */
int dump_all_to(int fd);

#endif
