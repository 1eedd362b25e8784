/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which hooks of which ponds are under way. A hook must not call into its own pond, and must not be left by
 * longjmp or an exception; the second is seen at a later operation: the frame that ran the hook is not on its
 * stack any more.
 *
 * A hook may block, and so its coroutine may yield: other coroutines of the thread use ponds meanwhile, and
 * the hook may go on on another thread. So a hook counts for those calls alone that lie below it on the same
 * stack (frame.h). On the stack that a thread was started with it is noted with that thread; on any other
 * stack in a table for all threads.
 *
 * Where nobody can tell, nothing is said: a hook that was left on a stack of the program's own is seen when a
 * call lies below that place, or exactly there; and a coroutine that a hook itself resumes is not taken for
 * inside of the hook. Coroutines whose stacks lie within the stack of a thread, or are copied from and to it,
 * look like calls of that thread.
 */
#include "check.h"

#define DEPTH 8 /* of hooks within hooks of other ponds; deeper ones are not looked at */

static __thread struct {
    unsigned depth;
    struct scope at[DEPTH];
} hooks POND_TLS_;

/* The same on stacks of the program's own, under the checks' lock. The oldest makes room for a new one. */
#define ELSEWHERE 256

static struct {
    uint32_t count, next;
    struct scope at[ELSEWHERE]; /* pond NULL: none */
} elsewhere;

static void report_left(const struct scope *s, struct event here)
{
    struct finding f = {.word = "hook",
                        .pond = s->pond,
                        .object = s->obj,
                        .advice = "let hooks return: the object they ran for is lost to the pond"};
    finding_say(&f, "the %s hook was left by longjmp or an exception", s->hook);
    finding_event(&f, "seen here", here);
    report(&f);
}

static void report_own(const struct scope *outer, const struct scope *s, struct event here)
{
    struct finding f = {.word = "hook",
                        .pond = s->pond,
                        .object = s->obj,
                        .advice = "a hook may use other ponds, not its own"};
    if (s->obj != NULL && s->obj == outer->obj)
        finding_say(&f, "a hook puts its own object");
    else
        finding_say(&f, "the %s hook calls into its own pond", outer->hook);
    finding_event(&f, "called here", here);
    report(&f);
}

/* ---- does it run yet? ---- */

/* Of a destroy hook a sister's call is known. */
static enum frame_state state_of(const struct scope *s, const char *here)
{
    return frame_look(&s->frame, here, s->hook[0] == 'd');
}

/* The object is its user's again, who may put it once more. */
static void leave_behind(const struct scope *s, struct event here)
{
    struct record *r = s->obj != NULL ? record_of(s->pond, s->obj) : NULL;
    if (r != NULL)
        (void)record_change(check_of(s->pond), r, RECORD_CLEANING, RECORD_LIVE);
    report_left(s, here);
}

/* A pond that was destroyed since is none of ours. */
static bool pond_is_there(const struct scope *s)
{
    return watch_of(s->pond) != &watch_destroyed;
}

/* ---- on the thread's own stack ---- */

/* Those from this one inwards were left. */
static void leave_all(unsigned from, struct event here)
{
    while (hooks.depth > from) {
        struct scope left = hooks.at[--hooks.depth];
        if (pond_is_there(&left))
            leave_behind(&left, here);
    }
}

static bool may_enter_own(const struct scope *s, struct event here)
{
    for (unsigned i = 0; i < hooks.depth; i++) {
        struct scope outer = hooks.at[i];
        enum frame_state state = state_of(&outer, s->frame.at);
        if (state == FRAME_LEFT) {
            leave_all(i, here);
        } else if (state == FRAME_INSIDE && outer.pond == s->pond) {
            report_own(&outer, s, here);
            return false;
        }
    }
    return true;
}

/* ---- on other stacks ---- */

/* Takes out the hook of this pond and object that was entered nearest to this place; the place is enough
 * where it is exactly there. Under the lock. */
static bool take_out(const struct scope *s)
{
    struct scope *nearest = NULL;
    ptrdiff_t distance = PTRDIFF_MAX;
    for (struct scope *e = elsewhere.at; e < elsewhere.at + ELSEWHERE; e++) {
        ptrdiff_t d = e->frame.at > s->frame.at ? e->frame.at - s->frame.at : s->frame.at - e->frame.at;
        if (e->pond == s->pond && e->obj == s->obj && e->hook[0] == s->hook[0] && d < distance) {
            nearest = e;
            distance = d;
        }
    }
    if (nearest == NULL)
        return false;
    nearest->pond = NULL;
    STORE(elsewhere.count, elsewhere.count - 1);
    return true;
}

static void enter_elsewhere(const struct scope *s)
{
    check_lock();
    uint32_t at = elsewhere.next;
    while (elsewhere.count < ELSEWHERE && elsewhere.at[at].pond != NULL)
        at = (at + 1) % ELSEWHERE;
    if (elsewhere.at[at].pond == NULL)
        STORE(elsewhere.count, elsewhere.count + 1);
    elsewhere.at[at] = *s;
    elsewhere.next = (at + 1) % ELSEWHERE;
    check_unlock();
}

/* False: another call took it out before. */
static bool leave_elsewhere(const struct scope *s)
{
    check_lock();
    bool there = take_out(s);
    check_unlock();
    return there;
}

/* The one there; false: none. */
static bool read_elsewhere(uint32_t at, struct scope *s)
{
    check_lock();
    *s = elsewhere.at[at];
    check_unlock();
    return s->pond != NULL;
}

/* The next hook from *at on that this call says something about; what is said. */
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

NOT_INLINED bool scope_may_enter(const struct scope *s, struct event here)
{
    if (s->frame.thread != NULL)
        return may_enter_own(s, here);
    return LOAD(elsewhere.count) == 0 || may_enter_elsewhere(s, here);
}

NOT_INLINED bool scope_may_enter_lazily(const struct scope *s, const void *caller)
{
    bool none = s->frame.thread != NULL ? hooks.depth == 0 : LOAD(elsewhere.count) == 0;
    return none || scope_may_enter(s, event_here(s->pond, caller));
}

NOT_INLINED void scope_enter(const struct scope *s)
{
    if (s->frame.thread == NULL)
        enter_elsewhere(s);
    else if (hooks.depth < DEPTH)
        hooks.at[hooks.depth++] = *s;
}

NOT_INLINED void scope_leave(const struct scope *s)
{
    if (s->frame.thread == NULL)
        (void)leave_elsewhere(s);
    else if (hooks.depth > 0 && hooks.at[hooks.depth - 1].frame.at == s->frame.at)
        hooks.depth--;
}

NOT_INLINED void scope_leave_destroy(struct pond *p, const void *obj)
{
    const struct scope s = {.pond = p, .obj = (void *)(uintptr_t)obj, .hook = "destroy", .frame = FRAME_HERE};
    if (s.frame.thread == NULL) {
        (void)leave_elsewhere(&s);
        return;
    }
    const struct scope *top = hooks.depth > 0 ? &hooks.at[hooks.depth - 1] : NULL;
    if (top != NULL && top->obj == obj && top->hook[0] == 'd')
        hooks.depth--;
}

void scope_forget(const struct pond *p)
{
    check_lock();
    for (struct scope *e = elsewhere.at; e < elsewhere.at + ELSEWHERE; e++)
        if (e->pond == p) {
            e->pond = NULL;
            STORE(elsewhere.count, elsewhere.count - 1);
        }
    check_unlock();
}

/* ---- what no hook may do, and no signal handler ---- */

#define HOW_TO_REPORT ((uint32_t)(CHECK_STACKS | CHECK_LOG | CHECK_TOOLS))

bool watch_in_hook(void)
{
    return check_on(~HOW_TO_REPORT) && object_in_hook((const void *)(uintptr_t)report);
}

void watch_bad_hook(const struct pond *p, const char *function, const void *caller)
{
    struct finding f = {
        .word = "hook",
        .pond = p,
        .advice = "tick, trim and destroy ponds outside of hooks; a hook may get and put on other ponds"};
    if (!check_on(~HOW_TO_REPORT))
        return;
    finding_say(&f, "%s is called in a hook", function);
    finding_event(&f, "called here", event_here(p, caller));
    report(&f);
}

void watch_in_signal(const struct pond *p, const char *function, const void *caller)
{
    struct finding f = {.word = "signal",
                        .pond = p,
                        .advice = "let the handler note what is to be done, and do it when it has returned"};
    if (!check_on(~HOW_TO_REPORT))
        return;
    finding_say(&f, "%s is called in a signal handler that interrupted the library", function);
    finding_event(&f, "called here", event_here(p, caller));
    report(&f);
}
