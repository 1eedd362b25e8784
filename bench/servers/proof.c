/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into each server that is measured: says on stderr, before main, which allocator malloc is in this
 * process, asked of the allocator itself and of the file that malloc lies in. Ends the process when they are
 * not those that the program was made for (PROOF_<variant>).
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(PROOF_jemalloc)
#include <jemalloc/jemalloc.h>
static const char lies_in[] = "libjemalloc";
#elif defined(PROOF_mimalloc)
#include <mimalloc.h>
static const char lies_in[] = "libmimalloc";
#else
static const char lies_in[] = "libc.so";
#endif
#if defined(PROOF_pond)
#include <pond/pond.h>
#endif

static void name(char *text, size_t room)
{
#if defined(PROOF_jemalloc)
    const char *version = "?";
    size_t size = sizeof(version);
    mallctl("version", &version, &size, NULL, 0);
    snprintf(text, room, "jemalloc %s", version);
#elif defined(PROOF_mimalloc)
    snprintf(text, room, "mimalloc %d", mi_version());
#elif defined(PROOF_pond)
    snprintf(text, room, "pond %s on glibc %s", pond_version(), gnu_get_libc_version());
#elif defined(PROOF_glibc)
    snprintf(text, room, "glibc %s", gnu_get_libc_version());
#else
#error "PROOF_pond, PROOF_glibc, PROOF_jemalloc or PROOF_mimalloc"
#endif
}

__attribute__((constructor)) static void prove(void)
{
    Dl_info of_malloc;
    void *found = dlsym(RTLD_DEFAULT, "malloc");
    char text[128];
    name(text, sizeof(text));
    if (found == NULL || dladdr(found, &of_malloc) == 0 || strstr(of_malloc.dli_fname, lies_in) == NULL) {
        fprintf(stderr, "allocator: not %s: malloc lies elsewhere\n", text);
        exit(1);
    }
    const char *file = strrchr(of_malloc.dli_fname, '/');
    fprintf(stderr, "allocator: %s, malloc in %s\n", text, file != NULL ? file + 1 : of_malloc.dli_fname);
}
