/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which hooks of which ponds this thread is inside of. A hook must not call into its own pond, and must not
 * be left by longjmp or an exception; the second is seen at the thread's next operation: the frame that ran
 * the hook is not on the stack any more.
 */
#include "check.h"
#include <unwind.h>

#define DEPTH 8 /* of hooks within hooks of other ponds; deeper ones are not looked at */

static __thread struct {
    unsigned depth;
    struct scope at[DEPTH];
} hooks __attribute__((tls_model("initial-exec")));

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

struct search {
    const struct scope *scope;
    bool found;
};

/*
 * Where a frame begins the one that it returns to ends. That one must be at the same call; for a destroy
 * hook, of which we know a sister's call, in the same function.
 */
static bool is_frame(const struct scope *s, struct _Unwind_Context *context)
{
    if (_Unwind_GetCFA(context) != (uintptr_t)s->frame)
        return false;
    if (s->hook[0] != 'd')
        return _Unwind_GetIP(context) == (uintptr_t)s->back;
    return _Unwind_GetRegionStart(context) ==
           (uintptr_t)_Unwind_FindEnclosingFunction((void *)(uintptr_t)s->back);
}

static _Unwind_Reason_Code search_frame(struct _Unwind_Context *context, void *argument)
{
    struct search *s = argument;
    s->found = is_frame(s->scope, context);
    return s->found ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static bool is_on_the_stack(const struct scope *scope)
{
    struct search s = {.scope = scope};
    (void)_Unwind_Backtrace(search_frame, &s);
    return s.found;
}

/*
 * The stack grows down: what a hook calls lies below it. Only a destroy hook, whose own frame is the one we
 * know, may be replaced by its last call.
 */
static bool is_left(const struct scope *s, const char *frame)
{
    bool replaced = frame == s->frame && s->hook[0] == 'd';
    return (frame >= s->frame && !replaced) || !is_on_the_stack(s);
}

/* The object is its user's again, who may put it once more. */
static void leave_behind(const struct scope *s, struct event here)
{
    struct scope left = *s;
    hooks.depth--;
    struct record *r = left.obj != NULL ? record_of(left.pond, left.obj) : NULL;
    if (r != NULL)
        (void)record_change(check_of(left.pond), r, RECORD_CLEANING, RECORD_LIVE);
    report_left(&left, here);
}

/* A pond that was destroyed since is none of ours. */
static bool pond_is_there(const struct scope *s)
{
    return watch_of(s->pond) != &watch_destroyed;
}

/* Those from this one inwards were left. */
static void leave_all(unsigned from, struct event here)
{
    while (hooks.depth > from)
        if (pond_is_there(&hooks.at[hooks.depth - 1]))
            leave_behind(&hooks.at[hooks.depth - 1], here);
        else
            hooks.depth--;
}

bool scope_may_enter(const struct scope *s, struct event here)
{
    for (unsigned i = 0; i < hooks.depth; i++) {
        struct scope outer = hooks.at[i];
        if (is_left(&outer, s->frame)) {
            leave_all(i, here);
        } else if (outer.pond == s->pond) {
            report_own(&outer, s, here);
            return false;
        }
    }
    return true;
}

bool scope_may_enter_lazily(const struct scope *s, const void *caller)
{
    return hooks.depth == 0 || scope_may_enter(s, event_here(s->pond, caller));
}

void scope_enter(const struct scope *s)
{
    if (hooks.depth < DEPTH)
        hooks.at[hooks.depth++] = *s;
}

void scope_leave(const struct scope *s)
{
    if (hooks.depth > 0 && hooks.at[hooks.depth - 1].frame == s->frame)
        hooks.depth--;
}

void scope_leave_destroy(const void *obj)
{
    if (hooks.depth == 0)
        return;
    const struct scope *top = &hooks.at[hooks.depth - 1];
    if (top->obj == obj && top->hook[0] == 'd')
        hooks.depth--;
}
