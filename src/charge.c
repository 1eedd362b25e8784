/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes and ends magazines, whose room is charged against the pond's max_idle_bytes. */
#include "charge.h"
#include "magazine.h"
#include <errno.h>

/* Takes back the room of a magazine that was charged and is not, or no more. */
static void discharge(struct pond *p, uint64_t room)
{
    POND_ASSERT(LOAD(p->charged) >= room);
    ADD(p->charged, -room);
}

/*
 * Charges the room of a magazine that is to be made. False: it is too much.
 *
 * idle objects <= room of all magazines == charged <= max_idle_objects, so that the bound holds without a
 * count on the fast path. Where idle bytes are counted (counts_idle_exactly) the room is charged and not
 * bounded. But whoever comes without the pond's lock wants it for a cache then, and there are none: it is
 * refused.
 *
 * Room is charged first and the bound is loaded afterwards, all of it sequentially consistent. Pairs with
 * count_bytes in bounds.c, which stores a bound; the bound's change then reads what is charged. Not both miss
 * the other: room beyond the new bound is seen by whoever lowered it.
 */
static bool charge(struct pond *p, uint64_t room, bool locked)
{
    uint64_t all = __atomic_add_fetch(&p->charged, room, __ATOMIC_SEQ_CST);
    bool exact = __atomic_load_n(&p->counts_idle_exactly, __ATOMIC_SEQ_CST);
    uint64_t most = __atomic_load_n(&p->max_idle_objects, __ATOMIC_SEQ_CST);
    if (exact ? locked : most == 0 || all <= most)
        return true;
    discharge(p, room);
    errno = EAGAIN;
    return false;
}

struct magazine *charge_magazine(struct pond *p, bool locked)
{
    uint32_t room = LOAD(p->magazine_room);
    if (!charge(p, room, locked))
        return NULL;
    struct magazine *m = magazine_make(room);
    if (m == NULL)
        discharge(p, room);
    return m;
}

void charge_end(struct pond *p, struct magazine *m)
{
    POND_ASSERT(m->count == 0);
    discharge(p, m->room);
    magazine_end(m);
}

void charge_end_all(struct pond *p, struct magazine *const *all, size_t n)
{
    uint64_t room = 0;
    for (size_t i = 0; i < n; i++)
        room += all[i]->room;
    discharge(p, room);
    magazines_end(all, n);
}
