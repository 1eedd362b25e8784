/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of pond_dump, for the library itself. */
#ifndef POND_DUMP_H
#define POND_DUMP_H

/* As pond_dump, where the thread is at work in the library already and is not cancelled. 0, or errno. No lock
 * is held. */
int dump_all_to(int fd);

#endif
