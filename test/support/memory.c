/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Read without stdio, whose buffers would be part of what is measured. */
static size_t read_file(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, "%s: errno %d", path, errno);
    ssize_t got = read(fd, text, room - 1);
    must(got > 0, "%s: errno %d", path, errno);
    close(fd);
    text[got] = '\0';
    return (size_t)got;
}

size_t memory_resident(void)
{
    char text[4096];
    read_file("/proc/self/smaps_rollup", text, sizeof text);
    const char *line = strstr(text, "\nRss:");
    must(line != NULL, "no Rss in smaps_rollup");
    return (size_t)strtoull(line + strlen("\nRss:"), NULL, 10) * 1024;
}

size_t memory_mapped(void)
{
    char text[256];
    read_file("/proc/self/statm", text, sizeof text);
    return (size_t)strtoull(text, NULL, 10) * (size_t)getpagesize();
}

size_t memory_mappings(void)
{
    char text[4096];
    size_t lines = 0;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    must(fd >= 0, "/proc/self/maps: errno %d", errno);
    for (ssize_t got; (got = read(fd, text, sizeof text)) > 0;)
        for (ssize_t i = 0; i < got; i++)
            lines += text[i] == '\n';
    close(fd);
    return lines;
}
