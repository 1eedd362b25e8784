/* SPDX-License-Identifier: BSD-2-Clause */
/* Sampling of the ponds, switched while gzipd and respd serve. */
#ifndef SERVER_SAMPLING_H
#define SERVER_SAMPLING_H

/*
 * Switches sampling off where it is on; where it is off, to what POND_PROFILE said at the start, or to
 * rate=512k. Prints which it is now. For one thread, and for no signal handler.
 */
void sampling_switch(void);

#endif
