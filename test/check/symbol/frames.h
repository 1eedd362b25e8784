/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FRAMES_H
#define FRAMES_H

/* Makes the call before it no tail call. */
#define STAY() __asm__ volatile("" ::: "memory")

#ifdef __cplusplus
extern "C"
#endif
    void
    frames_here(void);

#endif
