/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of each pond that was ever watched (see check.h), and the lock of the checks. */
#include "check.h"
#include "event.h"
#include "table.h"
#include "tools.h"
#include <errno.h>

static pthread_mutex_t checks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct check *checks; /* of all ponds, under the lock */

void check_lock(void)
{
    pthread_mutex_lock(&checks_lock);
}

void check_unlock(void)
{
    pthread_mutex_unlock(&checks_lock);
}

struct check *check_first(void)
{
    return checks;
}

/* ---- a pond's check ---- */

static size_t check_bytes(void)
{
    return rounded_up(sizeof(struct check) + sizeof(struct table), os_page_size());
}

static void check_init(struct check *c, struct pond *p)
{
    c->pond = p;
    c->generation = RECORD_NEVER;
    c->size = p->object_bytes > 0 ? p->options.size : 0;
    c->inverse = c->size > 0 ? ((UINT64_C(1) << 32) + p->object_bytes - 1) / p->object_bytes : 0;
    c->hooks = p->put_is_slow || p->options.construct != NULL || p->options.create != NULL;
    c->record_bytes = rounded_up(sizeof(struct record) + 2 * c->size, 16);
    c->redzone = p->front_bytes > 0;
    c->table = (struct table *)(c + 1);
}

bool check_attach(struct pond *p)
{
    if (check_of(p) != NULL)
        return true;
    struct check *c = os_map(check_bytes());
    if (c == NULL)
        return false;
    check_init(c, p);
    tools_pond_created(p);
    check_lock();
    c->next = checks;
    checks = c;
    check_unlock();
    STORE(p->watcher, (void *)c); /* Relaxed: p->watch, stored with release later, is read before it */
    return true;
}

void check_detach(struct pond *p)
{
    struct check *c = check_of(p);
    check_lock();
    struct check **at = &checks;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    table_end(c->table);
    check_unlock();
    STORE(p->watcher, NULL); /* Relaxed: nobody uses the pond any more */
    tools_pond_ended(p);
    os_unmap(c, check_bytes());
}

/* ---- holds ---- */

void check_hold(struct check *c, int by)
{
    /* Pairs with check_holds, by way of store_words in words.c: see check_hold_for. */
    (void)__atomic_fetch_add(&c->holds[event_thread() % CHECK_SHARDS].count, (uint64_t)(int64_t)by,
                             __ATOMIC_SEQ_CST);
}

/*
 * The hold is counted before the word is looked at, and a word is switched off before holds are counted: so
 * nothing is held that whoever switches off does not know of.
 */
bool check_hold_for(struct check *c, uint32_t words)
{
    check_hold(c, 1);
    /* Pairs with store_words in words.c: sequentially consistent, as the count before it. */
    if ((__atomic_load_n(&c->on.words, __ATOMIC_SEQ_CST) & words) != 0)
        return true;
    check_hold(c, -1);
    return false;
}

uint64_t check_holds(const struct check *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; c != NULL && i < CHECK_SHARDS; i++)
        sum += __atomic_load_n(&c->holds[i].count, __ATOMIC_SEQ_CST); /* Pairs with check_hold */
    return sum;
}
