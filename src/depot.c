/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The depot's stacks, and which of them a magazine of which age lies in.
 *
 * Invariants
 *   1. A magazine is in at most one stack; whoever popped it owns it until it is pushed again.
 *   2. The only way off a stack is ck_stack_trypop_mpmc, which moves the generation on. It must not be
 *      mixed with ck_stack_batch_pop, which does not: a popper that was held up between reading
 *      head->next and its compare-and-swap would put a stale next back on the stack once the same
 *      head was pushed again. It reads the generation before the head, each time anew. Read after it, the
 *      generation may be that of a time when the head was popped, and its stale next is swapped in once it
 *      is pushed again. ck_stack_pop_mpmc does so: where its compare-and-swap fails it goes on with the
 *      pair that this has read, and on aarch64 those are two reads, the head's first.
 *   3. A stack's `objects` is raised before the push and lowered after the pop: it never misses an
 *      object that is on the stack.
 *   4. A magazine on a stack other than `empties` holds 1 to `room` objects; one on `empties` holds none.
 *      What a thread believes of a magazine that it gives back does not matter: give() looks at its count.
 *
 * What orders a magazine's contents, and all that its objects' users did before their puts: fences of our
 * own, a release before the push and an acquire after the pop. Concurrency Kit has a store fence before the
 * push and a load fence before the pop's compare-and-swap, which is less: where loads may be late
 * (aarch64), the last read of an object before its put may see what the next one who gets it writes. On x86
 * these fences are no instructions. A popper that has not yet swapped reads `link` alone. With the lock,
 * the lock is both.
 */
#include "depot.h"
#include <ck_pr.h>

/* ---- one stack ---- */

#ifdef POND_DEPOT_LOCK
/* Pairs with raw_pop: the lock orders what is in the magazine. */
static void raw_push(struct depot_stack *s, struct magazine *m)
{
    ck_spinlock_lock(&s->lock);
    TSAN_ACQUIRE(s);
    ck_stack_push_spnc(&s->stack, &m->link);
    TSAN_RELEASE(s);
    ck_spinlock_unlock(&s->lock);
}

/*
 * Pairs with raw_push: the lock orders what is in the magazine. A look at the head without it, that finds
 * nothing, is as if the pop had come before the push.
 */
static ck_stack_entry_t *raw_pop(struct depot_stack *s)
{
    if (ck_pr_load_ptr(&s->stack.head) == NULL)
        return NULL;
    ck_spinlock_lock(&s->lock);
    TSAN_ACQUIRE(s);
    ck_stack_entry_t *top = ck_stack_pop_npsc(&s->stack);
    TSAN_RELEASE(s);
    ck_spinlock_unlock(&s->lock);
    return top;
}
#else
/*
 * Pairs with raw_pop: the fence is before the swap, so whoever pops the magazine sees all that was done
 * before.
 */
static void raw_push(struct depot_stack *s, struct magazine *m)
{
    ck_pr_fence_release();
    ck_stack_push_mpmc(&s->stack, &m->link);
}

/* Pairs with raw_push: the fence is after the swap, so all that was done before the push is seen. */
static ck_stack_entry_t *raw_pop(struct depot_stack *s)
{
    ck_stack_entry_t *top = NULL;
    while (ck_pr_load_ptr(&s->stack.head) != NULL && !ck_stack_trypop_mpmc(&s->stack, &top))
        continue;
    ck_pr_fence_acquire();
    return top;
}
#endif

/* Whether a get may take slots[count - 1]: there are 1 to `room` objects. */
static bool has_objects(const struct magazine *m)
{
    return m->count - 1 < m->room;
}

/*
 * Relaxed: the count is raised before the push and lowered after the pop, by the same magazine's owner each
 * time.
 */
static void push(struct depot_stack *s, struct magazine *m)
{
    POND_ASSERT(has_objects(m));
    ADD(s->objects, m->count);
    raw_push(s, m);
}

static void push_empty(struct depot *d, struct magazine *m)
{
    m->count = 0;
    raw_push(&d->empties, m);
}

/* Into this stack, if it holds anything. */
static void give(struct depot *d, struct depot_stack *s, struct magazine *m)
{
    if (m->count == 0)
        push_empty(d, m);
    else
        push(s, m);
}

/*
 * Pops a magazine with objects. A wrong count would be a wild pointer at the next get: such a magazine goes
 * to the empties, unread. Relaxed: as in push; what was counted for this magazine is seen, for it was
 * pushed after that.
 */
static struct magazine *pop(struct depot *d, struct depot_stack *s)
{
    struct magazine *m;
    while ((m = (struct magazine *)(void *)raw_pop(s)) != NULL) {
        POND_ASSERT(LOAD(s->objects) >= m->count);
        ADD(s->objects, -(uint64_t)m->count);
        if (has_objects(m))
            break;
        push_empty(d, m);
    }
    return m;
}

static void move(struct depot *d, struct depot_stack *from, struct depot_stack *to)
{
    for (struct magazine *m = pop(d, from); m != NULL; m = pop(d, from))
        push(to, m);
}

/* ---- by age ---- */

/* Where magazines of this epoch lie; of the one before it; and those that are due then. */
static struct depot_stack *stack_of(struct depot *d, uint64_t epoch)
{
    return &d->stacks[epoch % 3];
}

static struct depot_stack *victims_of(struct depot *d, uint64_t epoch)
{
    return &d->stacks[(epoch + 2) % 3];
}

static struct depot_stack *due_of(struct depot *d, uint64_t epoch)
{
    return &d->stacks[(epoch + 1) % 3];
}

#define STACKS 6

static struct depot_stack *nth(struct depot *d, size_t i)
{
    struct depot_stack *all[STACKS] = {&d->stacks[0], &d->stacks[1], &d->stacks[2],
                                       &d->overdue,   &d->aged,      &d->empties};
    return all[i];
}

void depot_init(struct depot *d)
{
    for (size_t i = 0; i < STACKS; i++)
        ck_stack_init(&nth(d, i)->stack);
    depot_forked(d);
}

/* Makes the locks anew. A push and a pop each take effect by one store, so what a lock guarded is whole. */
void depot_forked(struct depot *d)
{
#ifdef POND_DEPOT_LOCK
    for (size_t i = 0; i < STACKS; i++)
        ck_spinlock_init(&nth(d, i)->lock);
#endif
    (void)d;
}

void depot_give_back(struct depot *d, struct magazine *m, uint64_t epoch)
{
    give(d, m->epoch + 2 >= epoch ? stack_of(d, m->epoch) : &d->overdue, m);
}

void depot_give_back_due(struct depot *d, struct magazine *m)
{
    give(d, &d->overdue, m);
}

/*
 * Whether it is beyond max_age. A thread that reads the epoch before a tick may meet a magazine from after
 * it. Relaxed: a bound that is just changing holds as it was or as it is.
 */
static bool is_aged(const struct depot *d, const struct magazine *m, uint64_t epoch)
{
    uint64_t most = LOAD(d->max_age);
    return most > 0 && epoch > m->epoch && epoch - m->epoch > most;
}

static struct magazine *pop_any(struct depot *d, uint64_t epoch)
{
    struct magazine *m = pop(d, stack_of(d, epoch));
    if (m == NULL)
        m = pop(d, victims_of(d, epoch));
    return m != NULL ? m : depot_pop_due(d, epoch);
}

/*
 * A tick has set apart what is aged, but for what a thread that it missed brings afterwards: that is done
 * here.
 */
struct magazine *depot_pop(struct depot *d, uint64_t epoch)
{
    struct magazine *m;
    if (depot_is_empty(d))
        return NULL;
    while ((m = pop_any(d, epoch)) != NULL && is_aged(d, m, epoch))
        push(&d->aged, m);
    return m;
}

struct magazine *depot_pop_due(struct depot *d, uint64_t epoch)
{
    struct magazine *m = pop(d, &d->overdue);
    return m != NULL ? m : pop(d, due_of(d, epoch));
}

struct magazine *depot_pop_of(struct depot *d, uint64_t epoch)
{
    return pop(d, stack_of(d, epoch));
}

struct magazine *depot_pop_aged(struct depot *d)
{
    return pop(d, &d->aged);
}

void depot_give_back_aged(struct depot *d, struct magazine *m)
{
    give(d, &d->aged, m);
}

struct magazine *depot_pop_empty(struct depot *d)
{
    struct magazine *m = (struct magazine *)(void *)raw_pop(&d->empties);
    POND_ASSERT(m == NULL || m->count == 0);
    return m;
}

void depot_turn(struct depot *d, uint64_t epoch)
{
    move(d, stack_of(d, epoch), &d->overdue);
}

/* ---- the oldest first ---- */

static uint64_t stamp_of(const ck_stack_entry_t *at)
{
    return ((const struct magazine *)(const void *)at)->epoch;
}

/*
 * Makes one list of two, the youngest first in each. Relaxed: a popper that was held up may read a link
 * that is written here; it uses nothing of it, since the stack's generation has moved on.
 */
static ck_stack_entry_t *merge(ck_stack_entry_t *a, ck_stack_entry_t *b)
{
    ck_stack_entry_t *first = NULL, **end = &first;
    while (a != NULL && b != NULL) {
        ck_stack_entry_t **young = stamp_of(a) >= stamp_of(b) ? &a : &b;
        ck_stack_entry_t *next = (*young)->next;
        STORE(*end, *young);
        end = &(*young)->next;
        *young = next;
    }
    STORE(*end, a != NULL ? a : b);
    return first;
}

#define RUNS 32 /* the i-th has 2^i magazines: room for more than there is memory for */

/* Pops all of the stack, as a list, the youngest first. Relaxed: as in merge. */
static ck_stack_entry_t *pop_sorted(struct depot *d, struct depot_stack *s)
{
    ck_stack_entry_t *runs[RUNS] = {NULL}, *all = NULL;
    for (struct magazine *m = pop(d, s); m != NULL; m = pop(d, s)) {
        ck_stack_entry_t *run = &m->link;
        int i = 0;
        STORE(run->next, NULL);
        for (; i < RUNS - 1 && runs[i] != NULL; i++) {
            run = merge(runs[i], run);
            runs[i] = NULL;
        }
        runs[i] = merge(runs[i], run);
    }
    for (int i = 0; i < RUNS; i++)
        all = merge(runs[i], all);
    return all;
}

/* Relaxed: under the pond's lock with the pond closed nobody pushes there. */
void depot_order(struct depot *d, uint64_t epoch)
{
    if (d->max_age == 1) /* then what is due is aged */
        move(d, due_of(d, epoch), &d->overdue);
    move(d, &d->aged, &d->overdue); /* what a budget left is older than what comes now */
    if (LOAD(d->overdue.objects) == 0)
        return;
    for (ck_stack_entry_t *at = pop_sorted(d, &d->overdue), *next; at != NULL; at = next) {
        struct magazine *m = (struct magazine *)(void *)at;
        next = at->next;
        POND_ASSERT(next == NULL || stamp_of(at) >= stamp_of(next));
        push(is_aged(d, m, epoch) ? &d->aged : &d->overdue, m);
    }
}

void depot_all_due(struct depot *d)
{
    for (int i = 0; i < 3; i++)
        move(d, &d->stacks[i], &d->overdue);
}

struct magazine *depot_pop_oldest(struct depot *d, uint64_t epoch)
{
    struct magazine *m = depot_pop_due(d, epoch);
    if (m == NULL)
        m = pop(d, victims_of(d, epoch));
    return m != NULL ? m : pop(d, stack_of(d, epoch));
}

void depot_all_aged(struct depot *d)
{
    depot_all_due(d);
    move(d, &d->overdue, &d->aged);
}

/* Relaxed: in a forked child, which has no other thread. */
static uint64_t recount_stack(struct depot_stack *s)
{
    uint64_t objects = 0, room = 0;
    for (ck_stack_entry_t *at = s->stack.head; at != NULL; at = at->next) {
        const struct magazine *m = (const struct magazine *)(const void *)at;
        objects += m->count;
        room += m->room;
    }
    STORE(s->objects, objects);
    return room;
}

uint64_t depot_recount(struct depot *d)
{
    uint64_t room = 0;
    for (size_t i = 0; i < STACKS; i++)
        room += recount_stack(nth(d, i));
    return room;
}

/* ---- figures ---- */

/* Relaxed: of a closed pond, under its lock, nobody changes them; else they are figures. */
bool depot_is_overdue(const struct depot *d)
{
    uint64_t younger = 0;
    for (int i = 0; i < 3; i++)
        younger += LOAD(d->stacks[i].objects);
    return younger == 0;
}

/* Relaxed: as above, and what comes to the empties afterwards wakes the pond (board.h). */
bool depot_is_quiet(const struct depot *d, bool keeps)
{
    uint64_t ages = LOAD(d->aged.objects) + (keeps ? 0 : LOAD(d->overdue.objects));
    return ages == 0 && depot_is_overdue(d) && ck_pr_load_ptr(&d->empties.stack.head) == NULL;
}

/* Relaxed: figures; objects are counted before they are pushed, and longer than they are there. */
uint64_t depot_shared(const struct depot *d, uint64_t epoch)
{
    return LOAD(d->stacks[epoch % 3].objects);
}

/* Relaxed: as in depot_shared. */
uint64_t depot_victims(const struct depot *d, uint64_t epoch)
{
    return LOAD(d->stacks[(epoch + 1) % 3].objects) + LOAD(d->stacks[(epoch + 2) % 3].objects) +
           LOAD(d->overdue.objects) + depot_aged(d);
}

/* Relaxed: as in depot_shared. */
uint64_t depot_aged(const struct depot *d)
{
    return LOAD(d->aged.objects);
}

/* ---- validity ---- */

#define LOOKED_AT_MOST 64 /* magazines of a stack: a walk takes no longer, however full the depot is */

#define ANY_AGE 3

/*
 * remainder: that of the epochs of its magazines by 3, or ANY_AGE. Relaxed: nobody pushes or pops
 * meanwhile.
 */
static bool stack_is_valid(const struct depot_stack *s, uint64_t epoch, uint64_t remainder)
{
    uint64_t objects = 0;
    int left = LOOKED_AT_MOST;
    const ck_stack_entry_t *at = s->stack.head;
    for (; at != NULL && left > 0; at = at->next, left--) {
        const struct magazine *m = (const struct magazine *)(const void *)at;
        bool age = remainder == ANY_AGE || m->epoch % 3 == remainder;
        if (!age || !has_objects(m) || m->room > magazine_most() || m->epoch > epoch)
            return false;
        objects += m->count;
    }
    return at == NULL ? objects == LOAD(s->objects) : objects < LOAD(s->objects);
}

bool depot_is_valid(const struct depot *d, uint64_t epoch)
{
    bool valid = stack_is_valid(&d->overdue, epoch, ANY_AGE) && stack_is_valid(&d->aged, epoch, ANY_AGE);
    for (uint64_t i = 0; i < 3; i++)
        valid = valid && stack_is_valid(&d->stacks[i], epoch, i);
    return valid;
}
