/* SPDX-License-Identifier: BSD-2-Clause */
#include "slot.h"

struct slots slots; /* all zero at first, so that it takes no room in the program's file */

/* Lines of each pond that are memory; as many slots may be used. Relaxed: final under the registry's lock. */
static uint32_t slot_lines = GATE_LINES_FIRST;

__thread struct slot_of_thread slot_mine POND_TLS_ UNPADDED;

POND_API __thread uint64_t pond_line_self POND_TLS_;

bool gate_init(void (*at_exit)(void *), bool (*grow)(uint32_t lines))
{
    slots.grow = grow;
    slots.fenced = !os_barrier_register();
    slots.key_made = slots.key_made || pthread_key_create(&slots.key, at_exit) == 0;
    return slots.key_made;
}

void gate_forget_exits(void)
{
    if (slots.key_made)
        (void)pthread_key_delete(slots.key);
    slots.key_made = false;
}

uint32_t gate_lines(void)
{
    return LOAD(slot_lines);
}

/* ---- registration ---- */

/* Counts the slots that are used. */
static bool slots_are_valid(void)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < slots.end; i++)
        used += slots.all[i].used;
    return used == slots.used && used <= slot_lines && slots.end <= GATE_THREADS;
}

/* Pairs with may_enter's acquire of `open` in gate.c: an owner who finds its gate open finds its caches as
 * the last who emptied them left them. */
static void open_slot(struct slot *s)
{
    POND_ASSERT(s->used);
    s->left = false;
    __atomic_store_n(&s->open, 1, __ATOMIC_RELEASE);
}

/* left: its thread is gone, and has left its caches as they were. */
static void free_slot(struct slot *s, bool left)
{
    POND_ASSERT(s->used && slots.used > 0);
    *s = (struct slot){.left = left};
    slots.used--;
}

/*
 * Frees the slot of a thread that had this thread's number before. A thread may first use a pond so late in
 * its exit that no destructor comes for it any more, and leave its slot behind; another thread that has its
 * number is the proof that it is gone.
 */
static void free_slot_of_predecessor(uint32_t thread)
{
    for (struct slot *s = slots.all; s < slots.all + slots.end; s++)
        if (s->used && s->thread == thread && thread != 0 && slot_mine.slot == NULL)
            free_slot(s, true);
}

/* Frees the slots of all threads that are gone, one system call for each. */
static void sweep_slots(void)
{
    for (struct slot *s = slots.all; s < slots.all + slots.end; s++)
        if (s->used && os_thread_is_gone(s->thread))
            free_slot(s, true);
}

/*
 * Whether threads are gone is asked whenever the number of slots has doubled: what they left behind stays
 * less than that. With all slots taken it is asked seldom, since each operation of a thread without a slot
 * comes here; and as seldom whether there is memory for more lines.
 */
#define SWEEP_FROM 64
#define REFUSALS_TO_TRY 1024

static bool sweep_is_due(bool seldom)
{
    if (slots.used < slots.end || slots.end < SWEEP_FROM)
        return false;
    if (slots.end < GATE_THREADS)
        return (slots.end & (slots.end - 1)) == 0 && (slots.end < slot_lines || seldom);
    return seldom;
}

/* True: there are lines for one slot more. What is asked of the system for that is asked the first time that
 * there are none, and then seldom. */
static bool room_for_one(void)
{
    bool full = slots.used == slot_lines;
    bool seldom = full && slots.refusals++ % REFUSALS_TO_TRY == 0;
    if (sweep_is_due(seldom))
        sweep_slots();
    if (slots.used == slot_lines && seldom && slot_lines < GATE_THREADS && slots.grow(2 * slot_lines))
        STORE(slot_lines, 2 * slot_lines);
    if (slots.used == slot_lines)
        return false;
    slots.refusals = 0;
    return true;
}

static struct slot *first_free_slot(void)
{
    struct slot *s = slots.all;
    while (s->used)
        s++;
    POND_ASSERT(s < slots.all + GATE_THREADS);
    return s;
}

/* Makes the slot this thread's. Its gate stays closed while something of a predecessor's is in its caches. */
static void take_slot(struct slot *s, uint32_t thread)
{
    POND_ASSERT(!s->used && s->busy == NULL);
    uint32_t slot = (uint32_t)(s - slots.all);
    slots.used++;
    slots.end = MAX(slots.end, slot + 1);
    s->used = true;
    s->thread = thread;
    s->fenced = slots.fenced && !s->left; /* else a line may be open yet */
    slot_mine.slot = s;
    pond_line_self = offsetof(struct pond, caches) + slot * sizeof(struct cache);
    if (!s->left)
        open_slot(s);
    POND_ASSERT(slots_are_valid());
}

NOT_INLINED bool gate_register(void)
{
    uint32_t thread = os_thread();
    if (slot_mine.exiting || !slots.key_made || !room_for_one() ||
        pthread_setspecific(slots.key, &slots) != 0)
        return false;
    free_slot_of_predecessor(thread);
    take_slot(first_free_slot(), thread);
    return true;
}

/* Relaxed: closed by its own thread, which comes into no cache meanwhile. */
void gate_close_mine(void)
{
    POND_ASSERT(slot_mine.slot != NULL);
    STORE(slot_mine.slot->open, 0);
}

void gate_unregister(void)
{
    free_slot(slot_mine.slot, false);
    slot_mine.slot = NULL;
    pond_line_self = 0;
    slot_mine.exiting = true;
    POND_ASSERT(slots_are_valid());
}

NOT_INLINED bool gate_registered(void)
{
    return slot_mine.slot != NULL;
}

uint32_t gate_slot(void)
{
    POND_ASSERT(slot_mine.slot != NULL);
    return (uint32_t)(slot_mine.slot - slots.all);
}

uint32_t gates_end(void)
{
    return slots.end;
}

/* Relaxed: under the registry's lock, under which alone it changes. */
bool gate_mine_is_open(void)
{
    return LOAD(slot_mine.slot->open) != 0;
}

void gate_open_mine(void)
{
    slot_mine.slot->fenced = slots.fenced;
    open_slot(slot_mine.slot);
}

/* ---- for all of them ---- */

void gates_fork_child(void)
{
    for (struct slot *s = slots.all; s < slots.all + slots.end; s++) {
        s->used = s == slot_mine.slot;
        s->busy = NULL;
        s->left = false;
    }
    slots.used = slot_mine.slot != NULL;
    if (slot_mine.slot != NULL)
        slot_mine.slot->thread = os_thread();
    if (!slots.fenced && !os_barrier_register())
        slots.fenced = true;
    if (slot_mine.slot != NULL)
        slot_mine.slot->fenced = slots.fenced;
}
