/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures stacks of calls, and keeps each distinct one once, by a number (stack.c). */
#ifndef POND_CHECK_STACK_H
#define POND_CHECK_STACK_H

#include <stddef.h>
#include <stdint.h>

#define STACK_MOST 32 /* frames of a stack that are kept */

/*
 * Captures the caller's stack, and returns its number, which is valid for as long as the process lives: equal
 * stacks have one number, and 0 is no stack (none was wanted, or there is no memory). `caller` is the return
 * address of the public function, and the first frame that is kept: frames within the library are left out.
 * In the handler of a trap it is the trapped instruction's address plus one. At most `most` frames are kept,
 * and never more than STACK_MOST; with one frame nothing is unwound. May be called from a signal handler.
 * Keeps errno.
 */
uint32_t stack_capture(const void *caller, uint64_t most);

/* Has the linker do now what it otherwise does at the first unwinding, when it looks up names with 3 KiB of
   the caller's stack. To be called before the first capture. */
void stack_ready(void);

/* Returns the frames of a number, *count of them, in an array that never changes. */
const void *const *stack_frames(uint32_t stack, size_t *count);

#endif
