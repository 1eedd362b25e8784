/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which hooks of which ponds are under way. A hook must not call into its own pond, and must not be left by
 * longjmp, an exception or the end of its thread (pthread_exit, cancellation). That it was left is seen at a
 * later operation, when the frame that ran the hook is not on its stack any more; or when its thread ends.
 *
 * A hook may block, and so its coroutine may yield: other coroutines of the thread use ponds meanwhile, and
 * the hook may go on on another thread. So a hook counts for those calls alone that lie below it on the same
 * stack (frame.h). On the stack that a thread was started with it is noted in that thread's block; on any
 * other stack, and for a thread without a block, in a table for all threads.
 *
 * Where nobody can tell, nothing is said: a hook that was left on a stack of the program's own is seen when a
 * call lies below that place, or exactly there, and not at the end of a thread, for it may go on on another
 * one. Nor is anything said at the end of a thread without a block. And a coroutine that a hook itself
 * resumes is not taken for inside of the hook. Coroutines whose stacks lie within the stack of a thread, or
 * are copied from and to it, look like calls of that thread.
 */
#include "scope.h"
#include "record.h"
#include "report.h"
#include "thread.h"

/* The hooks of all threads that are not noted in a thread's block. Under the checks' lock; the oldest makes
   room for a new one. */
#define ELSEWHERE 256

static struct {
    /* How many hooks run on stacks of the program's own; and of threads without a block.
       Relaxed: where they are read without the lock. A call sees the hooks that it is made in, since it comes
       after them on its stack; that it misses another one is as if it had come earlier. */
    uint32_t stacks, threads;
    uint32_t next;
    struct scope at[ELSEWHERE]; /* pond NULL: none */
} elsewhere;

/* ---- reports ---- */

static const char *const hook_names[] = {[HOOK_CONSTRUCT] = "construct",
                                         [HOOK_CREATE] = "create",
                                         [HOOK_RESET] = "reset",
                                         [HOOK_DESTROY] = "destroy"};

/* The kinds of findings of the word hook; each is told of each hook apart. */
enum hook_finding { HOOK_JUMPED_OUT, HOOK_THREAD_ENDED, HOOK_PUTS_OWN, HOOK_CALLS_OWN };

static uint32_t kind_of(enum hook_finding finding, enum hook_kind hook)
{
    return finding * 4u + hook;
}

/* True: the hook makes an object, for a get. */
static bool makes(const struct scope *s)
{
    return s->hook == HOOK_CONSTRUCT || s->hook == HOOK_CREATE;
}

/*
 * Reports that the hook did not return. `here` is the call that saw it; its thread 0: the hook's thread ends.
 */
static void report_left(const struct scope *s, struct event got, struct event here)
{
    struct finding f = {.word = "hook", .pond = s->pond, .object = s->obj};
    f.kind = kind_of(here.thread != 0 ? HOOK_JUMPED_OUT : HOOK_THREAD_ENDED, s->hook);
    if (here.thread != 0) {
        f.advice = "let hooks return: the object they ran for is lost to the pond";
        finding_say(&f, "the %s hook was left by longjmp or an exception", hook_names[s->hook]);
    } else {
        f.advice = "hold cancellation off in hooks, and end no thread there: the object is lost to the pond";
        finding_say(&f, "the thread ended, and the %s hook that it ran had not returned",
                    hook_names[s->hook]);
    }
    finding_event(&f, ROLE_SEEN_HERE, here);
    finding_event(&f, makes(s) ? ROLE_GET : ROLE_PUT, s->by);
    finding_event(&f, ROLE_GOT, got);
    report(&f);
}

static void report_own(const struct scope *outer, const struct scope *s, struct event here)
{
    struct finding f = {.word = "hook",
                        .pond = s->pond,
                        .object = s->obj,
                        .advice = "a hook may use other ponds, not its own"};
    bool own = s->obj != NULL && s->obj == outer->obj;
    f.kind = kind_of(own ? HOOK_PUTS_OWN : HOOK_CALLS_OWN, outer->hook);
    if (own)
        finding_say(&f, "a hook puts its own object");
    else
        finding_say(&f, "the %s hook calls into its own pond", hook_names[outer->hook]);
    finding_event(&f, ROLE_CALLED_HERE, here);
    report(&f);
}

/* ---- does it run yet? ---- */

static enum frame_state state_of(const struct scope *s, const char *here)
{
    return frame_look(&s->frame, here, s->beside);
}

/* Gives the object back to its user, who may put it once more. Returns its get. */
static struct event return_object(const struct scope *s)
{
    struct record *r = record_of(s->pond, s->obj);
    struct event got = {.thread = 0};
    if (r == NULL || record_state(check_of(s->pond), r) != RECORD_CLEANING)
        return got;
    got = r->got;
    (void)record_change(check_of(s->pond), r, RECORD_CLEANING, RECORD_LIVE);
    return got;
}

/* Calls a half made object live, which it is for ever, as the pond counts it. */
static void call_it_live(const struct scope *s)
{
    struct record *r = record_of(s->pond, s->obj);
    if (r == NULL)
        return;
    if (r->poisoned > 0)
        check_hold(check_of(s->pond), -1); /* its last object ended unwatched */
    STORE(r->poisoned, 0);
    STORE(r->born, 0);
    r->made = false;
    record_got(r, s->by);
    record_set_state(check_of(s->pond), r, RECORD_LIVE);
}

/* Does and reports what is left to be done of a hook that did not return. Of a destroy hook's object nothing
   is left to be said; and the pond itself may end at any time. */
static void leave_behind(const struct scope *s, struct event here)
{
    struct event got = {.thread = 0};
    if (s->hook == HOOK_RESET)
        got = return_object(s);
    else if (makes(s) && s->obj != NULL)
        call_it_live(s);
    report_left(s, got, here);
}

/* True: the pond was not destroyed since. */
static bool pond_is_there(const struct scope *s)
{
    return s->pond != NULL && watch_of(s->pond) != &watch_destroyed;
}

/* ---- on the thread's own stack ---- */

/* Reads one of a block's hooks; its pond may end meanwhile. */
static struct scope read_own(const struct thread_block *b, uint32_t i)
{
    struct scope s = {.obj = b->at[i].obj,
                      .hook = b->at[i].hook,
                      .frame = b->at[i].frame,
                      .beside = b->at[i].beside,
                      .by = b->at[i].by};
    s.pond = LOAD(b->at[i].pond); /* Relaxed: scope_forget alone writes it from another thread, NULL */
    return s;
}

/* Takes out the innermost hook. What is left of it must not lead a search for leaks to the object. */
static void forget_last(struct thread_block *b)
{
    POND_ASSERT(b->depth > 0 && b->depth <= SCOPE_DEPTH);
    STORE(b->depth, b->depth - 1);
    b->at[b->depth].obj = NULL;
}

/* Takes out and reports the hooks from this one inwards, which were left. */
static void leave_all(struct thread_block *b, uint32_t from, struct event here)
{
    while (b->depth > from) {
        struct scope left = read_own(b, b->depth - 1);
        forget_last(b);
        if (pond_is_there(&left))
            leave_behind(&left, here);
    }
}

static bool may_enter_own(struct thread_block *b, const struct scope *s, struct event here)
{
    for (uint32_t i = 0; i < b->depth; i++) {
        struct scope outer = read_own(b, i);
        enum frame_state state = state_of(&outer, s->frame.at);
        if (state == FRAME_LEFT) {
            leave_all(b, i, here);
        } else if (state == FRAME_INSIDE && outer.pond == s->pond) {
            report_own(&outer, s, here);
            return false;
        }
    }
    return true;
}

void scope_thread_ended(struct thread_block *b)
{
    leave_all(b, 0, (struct event){.thread = 0});
}

/* ---- on other stacks, and without a block ---- */

static uint32_t *scopes_like(const struct scope *s)
{
    return s->frame.thread == NULL ? &elsewhere.stacks : &elsewhere.threads;
}

/* Puts *s into a place instead of what was there; pond NULL: nothing. Under the lock. */
static void set_elsewhere(struct scope *place, const struct scope *s)
{
    uint32_t *count = scopes_like(place);
    POND_ASSERT(place->pond == NULL || *count > 0);
    /* Relaxed: see struct elsewhere; all who write them have the lock. */
    if (place->pond != NULL)
        STORE(*count, *count - 1);
    *place = *s;
    count = scopes_like(place);
    /* Relaxed: as above. */
    if (place->pond != NULL)
        STORE(*count, *count + 1);
}

/* Takes out the hook of this pond and object that was entered nearest to this place; the place is enough
 * where it is exactly there. Under the lock. */
static bool take_out(const struct scope *s)
{
    struct scope *nearest = NULL;
    ptrdiff_t distance = PTRDIFF_MAX;
    for (struct scope *e = elsewhere.at; e < elsewhere.at + ELSEWHERE; e++) {
        ptrdiff_t d = e->frame.at > s->frame.at ? e->frame.at - s->frame.at : s->frame.at - e->frame.at;
        if (e->pond == s->pond && e->obj == s->obj && e->hook == s->hook &&
            e->frame.thread == s->frame.thread && d < distance) {
            nearest = e;
            distance = d;
        }
    }
    if (nearest != NULL)
        set_elsewhere(nearest, &(struct scope){.pond = NULL});
    return nearest != NULL;
}

static void enter_elsewhere(const struct scope *s)
{
    check_lock();
    uint32_t at = elsewhere.next;
    while (elsewhere.stacks + elsewhere.threads < ELSEWHERE && elsewhere.at[at].pond != NULL)
        at = (at + 1) % ELSEWHERE;
    set_elsewhere(&elsewhere.at[at], s);
    elsewhere.next = (at + 1) % ELSEWHERE;
    check_unlock();
}

/* False: another call took it out before, or it never was there. */
static bool leave_elsewhere(const struct scope *s)
{
    if (LOAD(*scopes_like(s)) == 0) /* Relaxed: see elsewhere */
        return false;
    check_lock();
    bool there = take_out(s);
    check_unlock();
    return there;
}

/* Reads the hook at that place; false: there is none. */
static bool read_elsewhere(uint32_t at, struct scope *s)
{
    check_lock();
    *s = elsewhere.at[at];
    check_unlock();
    return s->pond != NULL;
}

/* Finds the next hook from *at on that this call says something about, and returns what that is. */
static enum frame_state next_elsewhere(const struct scope *s, uint32_t *at, struct scope *outer)
{
    enum frame_state state = FRAME_ELSEWHERE;
    for (; *at < ELSEWHERE && state == FRAME_ELSEWHERE; ++*at)
        if (read_elsewhere(*at, outer))
            state = state_of(outer, s->frame.at);
    return state;
}

static bool may_enter_elsewhere(const struct scope *s, struct event here)
{
    struct scope outer;
    enum frame_state state;
    uint32_t at = 0;
    while ((state = next_elsewhere(s, &at, &outer)) != FRAME_ELSEWHERE) {
        if (state == FRAME_LEFT && leave_elsewhere(&outer) && pond_is_there(&outer)) {
            leave_behind(&outer, here);
        } else if (state == FRAME_INSIDE && outer.pond == s->pond) {
            report_own(&outer, s, here);
            return false;
        }
    }
    return true;
}

/* ---- in and out: never inlined, since a hook may end on another thread than it began on ---- */

/* This thread's block, for a hook on its own stack that is noted there; NULL: there is none. */
static struct thread_block *block_for(const struct scope *s)
{
    return s->frame.thread != NULL ? thread_block() : NULL;
}

NOT_INLINED bool scope_may_enter(const struct scope *s, struct event here)
{
    struct thread_block *b = block_for(s);
    if (b != NULL && b->depth > 0 && !may_enter_own(b, s, here))
        return false;
    /* Relaxed: see elsewhere. */
    return LOAD(*scopes_like(s)) == 0 || may_enter_elsewhere(s, here);
}

NOT_INLINED bool scope_may_enter_lazily(const struct scope *s, const void *caller)
{
    const struct thread_block *b = block_for(s);
    /* Relaxed: see elsewhere. */
    bool none = (b == NULL || b->depth == 0) && LOAD(*scopes_like(s)) == 0;
    return none || scope_may_enter(s, event_here(s->pond, caller));
}

static void enter_own(struct thread_block *b, const struct scope *s)
{
    POND_ASSERT(b->depth < SCOPE_DEPTH);
    struct scope *place = &b->at[b->depth];
    place->obj = s->obj;
    place->hook = s->hook;
    place->frame = s->frame;
    place->beside = s->beside;
    place->by = s->by;
    /* Relaxed: other threads look only for a pond that ends, of which no hook is entered any more. */
    STORE(place->pond, s->pond);
    STORE(b->depth, b->depth + 1);
}

NOT_INLINED void scope_enter(const struct scope *s)
{
    struct thread_block *b = s->frame.thread != NULL ? thread_block_made() : NULL;
    if (b == NULL)
        enter_elsewhere(s);
    else if (b->depth < SCOPE_DEPTH)
        enter_own(b, s);
}

NOT_INLINED void scope_leave(const struct scope *s)
{
    struct thread_block *b = block_for(s);
    if (b != NULL && b->depth > 0 && b->at[b->depth - 1].frame.at == s->frame.at)
        forget_last(b);
    else
        (void)leave_elsewhere(s);
}

/* Takes out a hook that was entered by another function, called beside this one, whose frame may begin
   elsewhere: it is known by the object and the hook. */
NOT_INLINED void scope_leave_beside(struct pond *p, const void *obj, enum hook_kind hook)
{
    const struct scope s = {.pond = p, .obj = (void *)(uintptr_t)obj, .hook = hook, .frame = FRAME_HERE};
    struct thread_block *b = block_for(&s);
    const struct scope *top = b != NULL && b->depth > 0 ? &b->at[b->depth - 1] : NULL;
    if (top != NULL && top->beside && top->obj == obj && top->hook == hook)
        forget_last(b);
    else
        (void)leave_elsewhere(&s);
}

/* ---- whose get is it? ---- */

NOT_INLINED void scope_getting(const struct pond *p, const void *caller)
{
    struct thread_block *b = thread_block_made();
    if (b == NULL)
        return;
    b->getter = p;
    b->getter_caller = caller;
}

NOT_INLINED struct event scope_getter(const struct pond *p)
{
    struct event e = event_here(p, NULL);
    struct thread_block *b = thread_block();
    if (b != NULL && b->getter == p && event_depth(p) > 0)
        e.stack = (uint64_t)(uintptr_t)b->getter_caller | EVENT_CALLER;
    if (b != NULL)
        b->getter = NULL;
    return e;
}

/* ---- a pond ends ---- */

/* Takes the pond out of a block. Nobody calls into it any more: a hook of it that is noted was left. No other
 * thread notes one now, and one that notes another hook in its place has a pond that is not this one. */
static void forget_in(struct thread_block *b, const void *pond)
{
    for (uint32_t i = 0; i < SCOPE_DEPTH; i++) {
        /* Relaxed: see above; nothing is read through what is found. */
        struct pond *known = LOAD(b->at[i].pond);
        if (known == pond)
            (void)__atomic_compare_exchange_n(&b->at[i].pond, &known, NULL, false, __ATOMIC_RELAXED,
                                              __ATOMIC_RELAXED);
    }
}

void scope_forget(const struct pond *p)
{
    thread_blocks_each(forget_in, p);
    check_lock();
    for (struct scope *e = elsewhere.at; e < elsewhere.at + ELSEWHERE; e++)
        if (e->pond == p)
            set_elsewhere(e, &(struct scope){.pond = NULL});
    check_unlock();
}

/* ---- what no hook may do, and no signal handler ---- */

bool watch_in_hook(const struct pond *p)
{
    return check_is_on(p, ~CHECK_HOW_TO_REPORT) && object_in_hook((const void *)(uintptr_t)report);
}

/* Reports a call that none may make there, if any word is on. */
static void report_call(struct finding *f, const char *sentence, const char *function, const void *caller)
{
    if (!check_is_on(f->pond, ~CHECK_HOW_TO_REPORT))
        return;
    f->kind = (uintptr_t)function;
    finding_say(f, sentence, function);
    finding_event(f, ROLE_CALLED_HERE, event_here(f->pond, caller));
    report(f);
}

void watch_bad_hook(const struct pond *p, const char *function, const void *caller)
{
    struct finding f = {
        .word = "hook",
        .pond = p,
        .advice = "tick, trim and destroy ponds outside of hooks; a hook may get and put on other ponds"};
    report_call(&f, "%s is called in a hook", function, caller);
}

void watch_in_signal(const struct pond *p, const char *function, const void *caller)
{
    struct finding f = {.word = "signal",
                        .pond = p,
                        .advice = "let the handler note what is to be done, and do it when it has returned"};
    report_call(&f, "%s is called in a signal handler that interrupted the library", function, caller);
}
