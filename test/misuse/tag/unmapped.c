/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of an address where nothing is mapped
// word: tag
// report: put of a pointer that is no pond's object
#include "misuse.h"

#include <sys/mman.h>

static void program(void)
{
    pond *p = make_conns();
    void *obj = must_get(p);
    void *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(gone != MAP_FAILED && munmap(gone, 4096) == 0, "an address");
    pond_put(p, wrong ? gone : obj);
    end(p);
}
