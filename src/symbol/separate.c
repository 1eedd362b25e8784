/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug information that lies in a file of its own: found by the build id, or by the name that objcopy
 * --add-gnu-debuglink left, checked by its CRC. libdw's own search would go on to ask servers on the
 * network: a report must not wait for that.
 */
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t separate_crc_of(uint32_t byte)
{
    for (int bit = 0; bit < 8; bit++)
        byte = byte >> 1 ^ (byte & 1 ? 0xedb88320u : 0);
    return byte;
}

static bool separate_has_checksum(int file, GElf_Word checksum)
{
    static uint32_t table[256];
    static unsigned char part[1 << 16];
    for (uint32_t i = 0; i < 256; i++)
        table[i] = separate_crc_of(i);
    uint32_t crc = ~0u;
    ssize_t size;
    while ((size = read(file, part, sizeof part)) > 0)
        for (ssize_t i = 0; i < size; i++)
            crc = crc >> 8 ^ table[(crc ^ part[i]) & 0xff];
    return size == 0 && ~crc == checksum && lseek(file, 0, SEEK_SET) == 0;
}

static int separate_open(const char *path, GElf_Word checksum)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || separate_has_checksum(file, checksum))
        return file;
    (void)close(file);
    return -1;
}

/* Where gdb looks too. */
static int separate_find_link(const char *file, const char *link, GElf_Word checksum, char **found)
{
    static const char *const places[] = {"%.*s%s", "%.*s.debug/%s", "/usr/lib/debug%.*s%s"};
    const char *slash = strrchr(file, '/');
    int directory = slash == NULL ? 0 : (int)(slash + 1 - file);
    char path[PATH_MAX];
    int separate = -1;
    for (size_t i = 0; i < sizeof places / sizeof *places && separate < 0; i++) {
        int length = snprintf(path, sizeof path, places[i], directory, file, link);
        if (length > 0 && (size_t)length < sizeof path)
            separate = separate_open(path, checksum);
    }
    *found = separate < 0 ? NULL : strdup(path);
    return separate;
}

int separate_find(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, const char *file,
                  const char *link, GElf_Word checksum, char **found)
{
    int separate = dwfl_build_id_find_debuginfo(module, user, name, base, file, link, checksum, found);
    if (separate < 0 && file != NULL && link != NULL)
        separate = separate_find_link(file, link, checksum, found);
    return separate;
}
