/* SPDX-License-Identifier: BSD-2-Clause */
#include "site.h"
#include "os.h"
#include <string.h>

static size_t bytes_with(uint32_t lines)
{
    return rounded_up(sizeof(struct pond) + lines * sizeof(struct cache), os_page_size());
}

size_t site_bytes(void)
{
    return bytes_with(GATE_THREADS);
}

struct pond *site_map(uint32_t lines)
{
    struct pond *p = os_map_part(site_bytes(), bytes_with(lines));
    if (p != NULL)
        p->usable_lines = lines;
    return p;
}

void site_unmap(struct pond *p)
{
    os_unmap_part(p, site_bytes());
}

bool site_open(struct pond *p, uint32_t lines)
{
    POND_ASSERT(lines <= GATE_THREADS && p->lines <= p->usable_lines && p->usable_lines <= GATE_THREADS);
    size_t from = bytes_with(p->usable_lines), to = bytes_with(lines);
    if (to > from && !os_open((char *)p + from, to - from))
        return false;
    p->usable_lines = MAX(p->usable_lines, lines);
    return true;
}

/* ---- what is left of a pond ---- */

#define REMEMBERED 64

static struct {
    struct pond *ponds[REMEMBERED];
    size_t next;
} destroyed;

bool site_open_remembered(uint32_t lines)
{
    for (size_t i = 0; i < REMEMBERED; i++)
        if (destroyed.ponds[i] != NULL && !site_open(destroyed.ponds[i], lines))
            return false;
    return true;
}

/* Clears all but what comes before `used`. The other pages take no memory, if the kernel takes it back. */
void site_clear(struct pond *p)
{
    size_t keep = rounded_up(offsetof(struct pond, used), os_page_size());
    size_t end = bytes_with(p->usable_lines);
    if (end > keep && !os_purge((char *)p + keep, end - keep))
        memset((char *)p + keep, 0, end - keep);
    memset(p->used, 0, MIN(keep, end) - offsetof(struct pond, used));
}

struct pond *site_remember(struct pond *p)
{
    struct pond *oldest = destroyed.ponds[destroyed.next];
    destroyed.ponds[destroyed.next] = p;
    destroyed.next = (destroyed.next + 1) % REMEMBERED;
    return oldest;
}
