/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Under ThreadSanitizer a process maps and unmaps a page before its test: the first time, the tool maps
 * memory of its own beside it, which tests that measure what is mapped would take for pond's.
 */
#include "test.h"

#include <sys/mman.h>

#ifdef TEST_TSAN
__attribute__((constructor)) static void map_first(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(page != MAP_FAILED, "mmap: errno %d", errno);
    *page = 1;
    must(munmap(page, 4096) == 0, "munmap: errno %d", errno);
}
#endif
