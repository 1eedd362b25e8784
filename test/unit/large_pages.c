/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=pthread_mutex_lock,--wrap=sysconf
/* The tests of slab_purge.c with pages of 64 KiB, as kernels of aarch64 and POWER may have them. */
#define PAGE_BYTES 65536

#include "slab_purge.c"

#include <unistd.h>

long __real_sysconf(int name);
long __wrap_sysconf(int name);

long __wrap_sysconf(int name)
{
    return name == _SC_PAGESIZE ? PAGE_BYTES : __real_sysconf(name);
}
