/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Criterion hands data to the process of each test in memory mapped at a random address that rand_r
 * chooses, 16 MiB times its low bits above 0x200000000000. ThreadSanitizer allows few addresses, and
 * Criterion gives up ("Could not initialize inheritable arena", its issue 274). Under ThreadSanitizer
 * this rand_r, found before the C library's, therefore chooses among addresses that are allowed, above
 * where the kernel puts the program itself: 0x566000000000 to 0x567000000000.
 */
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif

#ifdef UNDER_TSAN
int rand_r(unsigned int *seed);

int rand_r(unsigned int *seed)
{
    return 0x366000 + (int)((*seed)++ % 0x1000);
}
#endif
