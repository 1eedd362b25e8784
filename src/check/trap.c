/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handler of SIGSEGV and SIGBUS: an access to a guard slot's pages that trapped becomes a report,
 * whatever else it is goes to the handler of the signal that was there before.
 *
 * 1. Nothing here takes a lock; report() may, but the interrupted thread holds none of the library's:
 *    under those no object is touched.
 * 2. A trap within a trap (a user's report handler touches the object) is not looked at: it goes on to
 *    the handler that was there before.
 * 3. When report() returns the pages are opened, and the access is done again and works. So the handler
 *    never returns to an instruction that traps again, except to die of it.
 * 4. It takes less than 2 KiB of the signal's stack, which may have no more than the kernel's own frame
 *    leaves of MINSIGSTKSZ: all that takes more, the user's report handler too, runs aside (aside.h).
 */
#include "context.h"
#include "guard.h"
#include "report.h"
#include <errno.h>
#include <signal.h>

/* The handlers of SIGSEGV and SIGBUS that were there before. */
static struct sigaction trap_previous[2];
static bool trap_installed;

static __thread bool trap_running POND_TLS_;

struct trap {
    uintptr_t address;
    const void *pc;
    const char *verb;
};

/* ---- what happened, in words ---- */

/* The event of the trap. The interrupted instruction's address, one further, is like a return address. The
   stack is taken later and aside: a signal's own stack is small. */
static struct event trap_event(const struct pond *p, const struct trap *t)
{
    struct event e = event_here(p, NULL);
    if (t->pc != NULL && event_depth(p) > 0)
        e.stack = (uint64_t)((uintptr_t)t->pc + 1) | EVENT_CALLER;
    return e;
}

/* Bytes away from the object: its neighbour byte is one away. */
static void trap_say_outside(struct finding *f, const struct trap *t, uintptr_t start, size_t size)
{
    bool behind = t->address >= start;
    size_t away = behind ? t->address - (start + size) + 1 : start - t->address;
    f->kind = behind ? GUARD_ACCESS_BEHIND : GUARD_ACCESS_IN_FRONT;
    finding_say(f, "%s %zu byte%s %s the object", t->verb, away, away == 1 ? "" : "s",
                behind ? "behind" : "in front of");
    f->advice = "compare the index or length that is used here with the size of the object";
}

static void trap_say_after_put(struct finding *f, const struct trap *t, uintptr_t start)
{
    f->kind = GUARD_ACCESS_AFTER_PUT;
    f->offset = t->address - start;
    f->size = 1;
    finding_say(f, "%s after put at offset %zu", t->verb, f->offset);
    f->advice =
        "after pond_put no pointer to the object may be used: clear it, or put later; a system call that "
        "is given one fails with EFAULT, and is not reported";
}

static void report_slot(const struct guard_slot *s, const struct trap *t)
{
    uintptr_t start = LOAD(s->object);
    size_t size = LOAD(s->size);
    struct pond *owner = LOAD(s->owner);
    const struct record *r = guard_slot_record(s);
    struct finding f = {.word = "guard", .pond = owner, .object = (const void *)start, .trapped = true};
    if (t->address - start < size)
        trap_say_after_put(&f, t, start);
    else
        trap_say_outside(&f, t, start, size);
    finding_event(&f, ROLE_ACCESSED_HERE, trap_event(owner, t));
    finding_event(&f, ROLE_GOT, r->got);
    finding_event(&f, ROLE_PUT, r->put);
    report(&f);
}

/* ---- whose fault it is ---- */

/* Reports the access if it is a mistake, and has it go on. False: it is none of ours, or it cannot go on. */
static bool trapped_in_slot(const struct trap *t)
{
    struct guard_slot *s = guard_slot_at(t->address);
    /* Pairs with the other threads' here: of two that trap in one slot one opens its pages. */
    bool opened = __atomic_exchange_n(&s->trapped, 1, __ATOMIC_SEQ_CST) != 0;
    uint32_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE); /* Pairs with guard_take and queue_give */
    if (LOAD(s->object) == 0)
        return false;
    /* It trapped while the slot changed hands. What is there now is open: the access is done again. */
    if (state == GUARD_LIVE && guard_in_area(t->address) && !opened) {
        STORE(s->trapped, 0);
        return true;
    }
    report_slot(s, t);
    return guard_open(t->address);
}

#define TRAP_NULL_END ((uintptr_t)1 << 20) /* a pond's caches reach that far */
#define TRAP_ENTRY_BYTES 128               /* of pond_get, and of pond_put */

static bool is_entry_of_pond(const void *pc)
{
    return (uintptr_t)pc - (uintptr_t)&pond_get < TRAP_ENTRY_BYTES ||
           (uintptr_t)pc - (uintptr_t)&pond_put < TRAP_ENTRY_BYTES;
}

/* Reports an operation on a NULL pond; the access cannot go on. */
static void report_null(const struct trap *t)
{
    struct finding f = {.word = "null", .trapped = true, .advice = "check what pond_create returned"};
    finding_say(&f, "an operation on a NULL pond");
    finding_event(&f, ROLE_ACCESSED_HERE, trap_event(NULL, t));
    report(&f);
}

/* Reports the access if it is a mistake of the pond's user. True: it may be done again. */
static bool access_may_go_on(const siginfo_t *info, const ucontext_t *context)
{
    static const char *const verbs[] = {"access", "read", "write"};
    struct trap t = {(uintptr_t)info->si_addr, context_pc(context), verbs[context_access(context)]};
    if (guard_owns(info->si_addr))
        return trapped_in_slot(&t);
    if (t.address < TRAP_NULL_END && is_entry_of_pond(t.pc))
        report_null(&t);
    return false;
}

/* True: the kernel refused an access, and says where. A signal that was sent is none, nor an address that no
   memory could have. */
static bool is_refused_access(int signal, const siginfo_t *info)
{
    if (signal == SIGBUS)
        return info->si_code == BUS_ADRERR;
    return info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR;
}

/* ---- the handler that was there before ---- */

/* The process dies of the signal as if nobody had handled it: by the access done again, or, when it was sent,
   by sending it again. */
static void die_of(int signal, const siginfo_t *info)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    (void)sigaction(signal, &by_default, NULL);
    if (info->si_code <= 0)
        (void)raise(signal);
}

/* With the signals blocked as they would be; returning from ours unblocks them. */
static void call_previous(struct sigaction before, int signal, siginfo_t *info, void *context)
{
    if ((before.sa_flags & SA_NODEFER) == 0)
        sigaddset(&before.sa_mask, signal);
    (void)pthread_sigmask(SIG_BLOCK, &before.sa_mask, NULL);
    if ((before.sa_flags & SA_SIGINFO) != 0)
        before.sa_sigaction(signal, info, context);
    else
        before.sa_handler(signal);
}

static void pass_on(int signal, siginfo_t *info, void *context)
{
    struct sigaction *place = &trap_previous[signal == SIGBUS];
    struct sigaction before = *place;
    bool plain = (before.sa_flags & SA_SIGINFO) == 0;
    if (plain && before.sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    if (plain && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
        die_of(signal, info);
        return;
    }
    if ((before.sa_flags & (int)SA_RESETHAND) != 0)
        *place = (struct sigaction){.sa_handler = SIG_DFL};
    call_previous(before, signal, info, context);
}

/* ---- the handler ---- */

static void on_trap(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    bool goes_on = false;
    if (!trap_running && is_refused_access(signal, info)) {
        trap_running = true;
        goes_on = access_may_go_on(info, context);
        trap_running = false;
    }
    if (!goes_on)
        pass_on(signal, info, context);
    errno = saved;
}

/* Not deferred: a fault within the handler comes to the handler too, and so to the handler that
   was there before. */
void trap_install(void)
{
    static const int signals[2] = {SIGSEGV, SIGBUS};
    struct sigaction ours = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    for (int i = 0; i < 2; i++) {
        (void)sigaction(signals[i], NULL, &trap_previous[i]);
        (void)sigaction(signals[i], &ours, NULL);
    }
    trap_installed = true;
}

/* This copy of the library is unloaded, or the process ends: a trap must not lead to where no code is. What
   somebody else has installed since stays, and may still call us. */
__attribute__((destructor(101))) static void trap_remove(void)
{
    static const int signals[2] = {SIGSEGV, SIGBUS};
    for (int i = 0; trap_installed && i < 2; i++) {
        struct sigaction now;
        bool ours = sigaction(signals[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
                    now.sa_sigaction == on_trap;
        if (ours)
            (void)sigaction(signals[i], &trap_previous[i], NULL);
    }
}
