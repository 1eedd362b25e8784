/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens at a get, put, discard and drop of a watched pond, and in which order.
 *
 *   get: hook scope; fail, guard, bypass or chaos, or the pond's own way; poison is lifted, red zones; the
 * record says live.
 *   put: hook scope; whose object it is, red zones, confinement; reset; red zones; what reset left; poison,
 * and it is idle. Or guard, bypass or chaos drops it.
 *   drop: poison is lifted, red zones; destroy hook in its scope.
 *   tick: what is held; poison and red zones of idle objects; or all that an audit looks at.
 *
 * Invariants
 *   1. Whoever changed a record from LIVE, IDLE or CLEANING to CLEANING has the object to itself.
 *   2. An object's record is settled before the object is given to the pond: the next thread to get it may be
 *      quicker than we are.
 *   3. A put or discard that is refused touches nothing.
 */
#include "audit.h"
#include "bytes.h"
#include "chaos.h"
#include "claim.h"
#include "full.h"
#include "guard.h"
#include "hold.h"
#include "leak.h"
#include "reset.h"
#include "scope.h"
#include "secret.h"
#include "tell.h"
#include <errno.h>

/*
 * Makes CLEANING the record of an object that the caller has to itself, whatever it said and of whatever
 * generation it is. A walk that began in an earlier generation may be at the record yet, and has it until it
 * ends; a later walk does not begin. True: the record said that the object is idle, and is believed.
 */
static bool seize(const struct check *c, struct record *r)
{
    uint32_t state = LOAD(r->state);
    /* Pairs with record_looked: what that walk wrote is seen. */
    while (state == RECORD_LOOKED_AT ||
           !__atomic_compare_exchange_n(&r->state, &state, RECORD_CLEANING, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
        if (state == RECORD_LOOKED_AT) {
            os_yield();
            state = LOAD(r->state);
        }
    uint32_t generation =
        __atomic_load_n(&r->generation, __ATOMIC_ACQUIRE); /* Pairs with renew in record.c */
    return state == RECORD_IDLE && (generation == record_generation(c) || generation == RECORD_ALWAYS);
}

/* ---- put ---- */

static void drop_now(const struct call *call, pond_drop_reason why)
{
    if (call->record != NULL)
        call->record->put = call->here;
    tell_put(call->pond, call->obj);
    pool_drop(call->pond, call->obj, why);
}

static void make_idle(const struct call *call)
{
    struct pond *p = call->pond;
    struct record *r = call->record;
    if (r != NULL) {
        r->put = call->here;
        if (check_on(p, CHECK_POISON) && check_of(p)->size > 0)
            bytes_poison(p, call->obj, r);
        bytes_shelve(p, call->obj, r);
    }
    tell_put(p, call->obj);
    if (r != NULL)
        record_set_state(check_of(p), r, RECORD_IDLE);
    pool_put_clean(p, call->obj);
}

/* Runs the reset hook, looks at what it left, and has the object go where it is to go then. */
static void clean(struct call *call, struct scope *s)
{
    struct pond *p = call->pond;
    pond_drop_reason why = POND_DROP_LIMIT;
    claim_check(call);
    bool kept = object_clean(p, call->obj, &why);
    if (!kept && why == POND_DROP_LIMIT && check_on(p, CHECK_GROW))
        claim_report_grown(call);
    scope_leave(s);
    claim_check_hooks(call);
    if (kept && call->record != NULL && check_on(p, CHECK_RESET) && check_of(p)->size > 0) {
        tell_open(p, call->obj); /* every byte is compared, also those that nobody wrote */
        reset_check(p, call->obj, call->record, call->here);
    }
    if (!kept)
        drop_now(call, why);
    else if (guard_owns(call->obj) || check_on(p, CHECK_BYPASS) ||
             (check_on(p, CHECK_CHAOS) && chaos_drops()))
        drop_now(call, POND_DROP_DEBUG);
    else
        make_idle(call);
}

/* ---- the usual case: nothing to report, no hook to run, nothing to do to the object's bytes ---- */

#define MORE_THAN_LOOKING                                                                                    \
    (CHECK_RESET | CHECK_POISON | CHECK_GUARD | CHECK_FAIL | CHECK_CHAOS | CHECK_BYPASS | CHECK_TOOLS)

static inline bool only_looks(const struct check *c)
{
    return (LOAD(c->on.words) & MORE_THAN_LOOKING) == 0 && !c->hooks;
}

static inline bool is_confined_to_another(const struct pond *p, const struct record *r)
{
    return (p->options.flags & POND_THREAD_CONFINED) != 0 && r->got.thread != event_thread();
}

/* Puts the object in the usual case. False: nothing was done; a look at each thing that might be wrong is
   due. */
static inline bool put_quickly(pond *p, void *obj, const void *caller)
{
    const struct check *c = check_of(p);
    struct record *r = only_looks(c) ? record_in_slab(p, c, obj) : NULL;
    if (r == NULL || LOAD(r->generation) != LOAD(c->generation) || is_confined_to_another(p, r) ||
        (c->redzone && !bytes_zones_are_whole(p, obj)))
        return false;
    /* Pairs with hand_out_quickly and record_set_state: the get's notes are seen. */
    if (!__atomic_compare_exchange_n(&r->state, &(uint32_t){RECORD_LIVE}, RECORD_CLEANING, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    r->put = event_here(p, caller);
    __atomic_store_n(&r->state, RECORD_IDLE,
                     __ATOMIC_RELEASE); /* Pairs with hand_out_quickly and record_change */
    if (!pool_put_cached(p, obj))
        pool_put_clean(p, obj);
    return true;
}

static inline void *get_quickly(pond *p)
{
    return only_looks(check_of(p)) ? pool_get_cached(p) : NULL;
}

/* Notes the get in the usual case: there is no poison to lift and no tool to tell, and the zones are whole.
   False: what there is to do is yet to be done. */
static inline bool hand_out_quickly(pond *p, void *obj, const void *caller)
{
    const struct check *c = check_of(p);
    struct record *r = record_in_slab(p, c, obj);
    if (r == NULL || LOAD(r->generation) != LOAD(c->generation) || LOAD(r->poisoned) > 0)
        return false;
    /* Pairs with put_quickly and record_set_state: the put's notes are seen. */
    if (!__atomic_compare_exchange_n(&r->state, &(uint32_t){RECORD_IDLE}, RECORD_CLEANING, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    if (c->redzone && !bytes_zones_are_whole(p, obj))
        return false; /* a walk might have been at work on them until now */
    record_got(r, event_here(p, caller));
    __atomic_store_n(&r->state, RECORD_LIVE, __ATOMIC_RELEASE); /* Pairs with put_quickly and record_change */
    return true;
}

/* ---- put and discard ---- */

static void put_slowly(pond *p, void *obj, const void *caller)
{
    int saved = errno_now();
    struct call call = {.pond = p, .obj = obj, .caller = caller};
    struct scope s = {.pond = p, .obj = obj, .hook = HOOK_RESET, .frame = FRAME_HERE};
    call.here = s.by = event_here(p, caller);
    if (scope_may_enter(&s, call.here) && claim(&call)) {
        scope_enter(&s);
        clean(&call, &s);
    }
    errno_be(saved);
}

void full_put(pond *p, void *obj, const void *caller)
{
    if (!put_quickly(p, obj, caller))
        put_slowly(p, obj, caller);
}

void full_discard(pond *p, void *obj, const void *caller)
{
    int saved = errno_now();
    struct call call = {.pond = p, .obj = obj, .kind = CALL_DISCARD, .caller = caller};
    struct scope s = {.pond = p, .obj = obj, .hook = HOOK_DESTROY, .frame = FRAME_HERE};
    call.here = event_here(p, caller);
    if (scope_may_enter(&s, call.here) && claim(&call)) {
        claim_check(&call);
        drop_now(&call, POND_DROP_DISCARDED);
    }
    errno_be(saved);
}

/* ---- get ---- */

void *full_get_guarded(struct pond *p)
{
    if (p->object_bytes == 0)
        return NULL;
    void *obj = NULL, *memory = guard_take(p, p->options.size, p->options.align);
    if (memory != NULL && !check_hold_for(check_of(p), CHECK_GUARD)) {
        guard_give(memory); /* the word has gone off */
        return NULL;
    }
    if (memory != NULL)
        obj = pool_get_made_at(p, memory);
    if (obj == NULL)
        guard_missed();
    return obj;
}

static void *get_by_words(struct pond *p, uint32_t words, const struct get_how *how)
{
    if ((words & CHECK_FAIL) != 0 && chaos_fails(p)) {
        pool_failed(p, POND_FAIL_DEBUG);
        errno = ENOMEM;
        return NULL;
    }
    void *obj = NULL;
    bool makes = how == NULL || !how->idle_only;
    if ((words & CHECK_GUARD) != 0 && makes &&
        guard_is_due(LOAD(p->watch_step))) /* Relaxed: an old N counts for one get more */
        obj = full_get_guarded(p);
    else if ((words & CHECK_CHAOS) != 0 && (words & CHECK_BYPASS) == 0)
        obj = chaos_get(p);
    if (obj != NULL)
        return obj;
    return (words & CHECK_BYPASS) != 0 ? pool_get_new(p, how) : pool_get(p, how);
}

/* Does what there is to do when an object leaves the pond. */
NOT_INLINED void full_hand_out(struct pond *p, void *obj, const void *caller)
{
    const struct check *c = check_of(p);
    struct record *r = record_of(p, obj);
    if (r == NULL) {
        STORE(check_of(p)->whole, false); /* no memory: the object is known to nobody */
        tell_got(p, obj);
        return;
    }
    (void)seize(c, r);
    POND_ASSERT(LOAD(r->state) == RECORD_CLEANING);
    if (r->poisoned > 0) {
        tell_open(p, obj);
        bytes_restore(p, obj, r, caller);
    }
    if (!guard_owns(obj))
        bytes_unshelve(p, r);
    struct event here = event_here(p, caller);
    bytes_check_zones(p, obj, r, ZONE_GET, here);
    tell_got(p, obj);
    record_got(r, here);
    record_set_state(c, r, RECORD_LIVE);
}

static void *get_slowly(pond *p, const void *caller, const struct get_how *how)
{
    struct scope s = {.pond = p, .hook = HOOK_CONSTRUCT, .frame = FRAME_HERE};
    if (!scope_may_enter_lazily(&s, caller)) {
        errno = EDEADLK;
        return NULL;
    }
    scope_getting(p, caller);
    void *obj = get_by_words(p, LOAD(check_of(p)->on.words), how);
    if (obj != NULL)
        full_hand_out(p, obj, caller);
    return obj;
}

/* Takes in an object that was got while nobody watched. It may have been made unwatched, too: then its record
   is of another object, which was there before. */
void full_adopt(pond *p, void *obj, const void *caller)
{
    struct record *r = record_of(p, obj);
    if (r != NULL)
        STORE(r->born, 0);
    full_hand_out(p, obj, caller);
}

static void *full_get(pond *p, const void *caller, const struct get_how *how)
{
    void *obj = get_quickly(p);
    if (obj == NULL)
        return get_slowly(p, caller, how);
    if (!hand_out_quickly(p, obj, caller))
        full_hand_out(p, obj, caller);
    return obj;
}

/* ---- an object's beginning and end ---- */

static enum hook_kind maker(const void *obj)
{
    return obj != NULL ? HOOK_CONSTRUCT : HOOK_CREATE;
}

void full_making(pond *p, void *obj, const struct frame *call)
{
    scope_enter(&(struct scope){
        .pond = p, .obj = obj, .hook = maker(obj), .frame = *call, .beside = true, .by = scope_getter(p)});
}

static void full_is_making(pond *p, void *obj)
{
    const struct frame call = FRAME_HERE;
    full_making(p, obj, &call);
}

void full_tried(pond *p, void *obj)
{
    scope_leave_beside(p, obj, maker(obj));
}

void full_made(pond *p, void *obj)
{
    const struct check *c = check_of(p);
    struct record *r = record_of(p, obj);
    if (!guard_owns(obj))
        bytes_fill_zones(p, obj);
    if (r == NULL) {
        tell_close(p, obj);
        return;
    }
    /* Pairs with record_set_state in full_drop: another thread may have had the object that was here before,
       and what create calls, which gave it back and hands it out, need not be seen by ThreadSanitizer. */
    (void)record_state(c, r);
    if (r->poisoned > 0)
        check_hold(check_of(p), -1); /* its last object ended unwatched */
    STORE(r->poisoned, 0);
    r->made = false;
    STORE(r->born, record_generation(c));
    r->got = r->put = (struct event){.thread = 0};
    if (c->size > 0 && check_on(p, CHECK_RESET))
        reset_remember(p, obj, r);
    if (!guard_owns(obj))
        bytes_shelve(p, obj, r);
    tell_close(p, obj);
    record_set_state(c, r, RECORD_IDLE);
}

/* In a frame of its own, which is not there while what full_drop found is reported. */
static NOT_INLINED void enter_destroy(pond *p, void *obj, const struct frame *call, struct event by)
{
    scope_enter(&(struct scope){
        .pond = p, .obj = obj, .hook = HOOK_DESTROY, .frame = *call, .beside = true, .by = by});
}

void full_drop(pond *p, void *obj, const struct frame *call)
{
    struct record *r = record_of(p, obj);
    struct event by = {.thread = 0}; /* read before the record is settled: then it is another object's */
    if (r != NULL) {
        bool idle = seize(check_of(p), r);
        by = r->put;
        tell_open(p, obj);
        bytes_restore(p, obj, r, NULL);
        if (idle)
            bytes_check_zones(p, obj, r, ZONE_DROP, (struct event){.thread = 0});
        if (!guard_owns(obj))
            bytes_unshelve(p, r);
        record_set_state(check_of(p), r, RECORD_DROPPED);
    }
    tell_ended(p, obj);
    enter_destroy(p, obj, call, by);
}

static void full_dropped(pond *p, void *obj)
{
    const struct frame call = FRAME_HERE;
    full_drop(p, obj, &call);
}

bool full_ended(pond *p, void *obj)
{
    scope_leave_beside(p, obj, HOOK_DESTROY);
    if (!guard_owns(obj)) {
        tell_wiped(p, obj);
        return false;
    }
    secret_wipe(p, obj, p->options.size); /* else secrets would lie there until the slot is used again */
    guard_give(obj);
    check_hold(check_of(p), -1);
    return true;
}

/* Uncovers an idle object that a footprint hook is to look at. */
static void full_open(pond *p, void *obj)
{
    struct record *r = record_of(p, obj);
    if (r == NULL || !record_change(check_of(p), r, RECORD_IDLE, RECORD_CLEANING))
        return;
    tell_open(p, obj);
    r->covered = r->poisoned > 0;
    bytes_restore(p, obj, r, NULL);
}

static void full_close(pond *p, void *obj)
{
    struct record *r = record_of(p, obj);
    if (r == NULL || record_state(check_of(p), r) != RECORD_CLEANING)
        return;
    POND_ASSERT(r->poisoned == 0);
    if (r->covered)
        bytes_poison(p, obj, r);
    tell_close(p, obj);
    record_set_state(check_of(p), r, RECORD_IDLE);
}

/* ---- ticks and the pond's end ---- */

static void full_ticked(pond *p, const void *caller)
{
    if (check_on(p, CHECK_HOLD))
        hold_look(p);
    if (check_on(p, CHECK_AUDIT))
        (void)audit_pond(p, caller);
    bytes_look(p, caller);
    words_watch_anew(p);
}

static void full_busy(pond *p)
{
    if (check_on(p, CHECK_LEAK))
        leak_report_busy(p);
}

/* Forgets all that checks know of the pond; words that are off by now may have left something behind. */
void watch_gone(pond *p)
{
    if (check_of(p) == NULL)
        return;
    guard_forget(p);
    scope_forget(p);
    check_detach(p);
}

const struct watch watch_full = {.get = full_get,
                                 .adopt = full_adopt,
                                 .put = full_put,
                                 .discard = full_discard,
                                 .making = full_is_making,
                                 .tried = full_tried,
                                 .made = full_made,
                                 .drop = full_dropped,
                                 .ended = full_ended,
                                 .before_look = full_open,
                                 .after_look = full_close,
                                 .ticked = full_ticked,
                                 .busy = full_busy};
