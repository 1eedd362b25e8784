/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Composes a report and hands it to the program, or prints it. No lock is taken: it may run in the trap's
 * handler, and on a stack of which a few hundred bytes are left. So what takes much runs aside (aside.h); and
 * on the caller's stack is the user's handler, which may leave, but for a trap's, whose stack may be as small
 * as the system allows.
 */
#include "report.h"
#include "aside.h"
#include "module.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- findings ---- */

struct saying {
    struct finding *finding;
    const char *format;
    va_list *args;
};

static void say(void *argument)
{
    struct saying *s = argument;
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is */
    (void)vsnprintf(s->finding->sentence, sizeof(s->finding->sentence), s->format, *s->args);
}

void finding_say(struct finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    aside_do(say, &(struct saying){f, format, &args});
    va_end(args);
    f->what = f->sentence;
}

static void take_whole(void *argument)
{
    struct event *e = argument;
    e->stack = stack_capture((const void *)(uintptr_t)(e->stack & ~EVENT_CALLER), STACK_MOST);
}

static const char *const role_names[ROLES] = {[ROLE_GOT] = "got",
                                              [ROLE_GET] = "get",
                                              [ROLE_PUT] = "put",
                                              [ROLE_PUT_BEFORE] = "put before",
                                              [ROLE_FOUND_AT_TICK] = "found at a tick",
                                              [ROLE_FOUND_AT_DROP] = "found when it was dropped",
                                              [ROLE_PUT_HERE] = "put here",
                                              [ROLE_PUT_AGAIN_HERE] = "put again here",
                                              [ROLE_FOUND_HERE] = "found here",
                                              [ROLE_SEEN_HERE] = "seen here",
                                              [ROLE_CALLED_HERE] = "called here",
                                              [ROLE_USED_HERE] = "used here",
                                              [ROLE_ACCESSED_HERE] = "accessed here"};

static const char *role_name(const struct finding *f, size_t event)
{
    return role_names[f->events[event].role];
}

void finding_event(struct finding *f, enum role role, struct event e)
{
    if (e.thread == 0 || f->event_count == POND_REPORT_STACKS)
        return;
    POND_ASSERT(role < ROLES && f->event_count < POND_REPORT_STACKS);
    if ((e.stack & EVENT_CALLER) != 0 && role >= ROLE_PUT_HERE)
        aside_do(take_whole, &e);
    f->events[f->event_count].role = role;
    f->events[f->event_count].event = e;
    f->event_count++;
}

void report_ready(uint32_t words)
{
    (void)event_process();
    if (words != 0)
        stack_ready();
}

/* ---- text ---- */

#define LINE_BYTES 1024

struct text {
    char *bytes;
    size_t size, length;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
    va_list args;
    if (t->length + 1 >= t->size)
        return;
    va_start(args, format);
    int n = vsnprintf(t->bytes + t->length, t->size - t->length, format, args);
    va_end(args);
    if (n > 0)
        t->length = MIN(t->length + (size_t)n, t->size - 1);
}

/* Writes one frame, each of its lines indented, and "#1" before the first. */
static void add_frame(struct text *t, size_t number, const void *pc)
{
    char lines[LINE_BYTES];
    (void)module_describe(pc, lines, sizeof(lines));
    char *rest = lines, *line;
    for (bool first = true; (line = strsep(&rest, "\n")) != NULL; first = false)
        if (first)
            add(t, "        #%zu %s\n", number, line);
        else
            add(t, "           %s\n", line);
}

static void add_stack(struct text *t, const struct event *e)
{
    size_t count;
    const void *one, *const *pcs = event_frames(e, &one, &count);
    for (size_t i = 0; i < count; i++)
        add_frame(t, i, pcs[i]);
    char command[LINE_BYTES];
    if (module_command(pcs, count, command, sizeof(command)) > 0)
        add(t, "        names: %s, or link libpond-symbol\n", command);
}

struct wanted_text {
    struct text text;
    const struct event *event;
};

static void write_event(void *argument)
{
    struct wanted_text *w = argument;
    add_stack(&w->text, w->event);
}

size_t event_text(const struct event *e, char *text, size_t n)
{
    struct wanted_text w = {.text = {.bytes = text, .size = n}, .event = e};
    struct aside *a = aside_take(ASIDE_AMPLE);
    aside_call(a, write_event, &w);
    aside_give(a);
    return w.text.length;
}

static const char *type_name(const struct pond *p)
{
    return p != NULL && p->options.type != NULL && p->options.type->name != NULL ? p->options.type->name : "";
}

/* `pond "conns" (struct conn, 96 bytes)`, and the end of the line. */
static void add_pond(struct text *t, const struct pond *p)
{
    const char *type = type_name(p);
    add(t, "pond \"%s\" (%s%s", p->name, type, *type != '\0' ? ", " : "");
    if (p->options.size > 0)
        add(t, "%zu bytes)\n", p->options.size);
    else
        add(t, "made by create)\n");
}

/* What the finding's address is. */
static void add_address(struct text *t, const struct finding *f)
{
    const char *object = f->object;
    POND_ASSERT(f->subject != SUBJECT_INSIDE || f->inside > 0);
    if (f->subject == SUBJECT_INSIDE)
        add(t, "pointer %p into object %p", f->object, (const void *)(object - f->inside));
    else
        add(t, "%s %p",
            f->subject == SUBJECT_OBJECT   ? "object"
            : f->subject == SUBJECT_MEMORY ? "memory"
                                           : "pointer",
            f->object);
}

/*
 * One line about the address, with the pond that owns it; and another one about the pond that it was given
 * to, where that is another pond.
 */
static void add_object(struct text *t, const struct finding *f)
{
    const struct pond *owner = f->owner != NULL ? f->owner : f->pond;
    if (f->subject == SUBJECT_POINTER)
        owner = NULL;
    if (f->object != NULL) {
        add(t, "    ");
        add_address(t, f);
        add(t, owner != NULL ? " of " : "\n");
    } else if (owner != NULL) {
        add(t, "    ");
    }
    if (owner != NULL)
        add_pond(t, owner);
    if (f->pond != NULL && f->pond != owner) {
        add(t, "    given to ");
        add_pond(t, f->pond);
    }
}

static bool luck_is_on(void)
{
    return (LOAD(check_somewhere) & (CHECK_FAIL | CHECK_CHAOS)) != 0;
}

static void add_words(struct text *t, const struct finding *f)
{
    char words[256];
    if (check_words_text(f->pond, words, sizeof(words)) == 0)
        return;
    add(t, "    words: %s", words);
    if (luck_is_on())
        add(t, "; seed %llu", (unsigned long long)LOAD(check_settings.seed));
    add(t, "\n");
}

/*
 * Writes a report's beginning, which needs nothing but write: names of functions need files, which a sandbox
 * may answer by killing the process.
 */
static void compose_heading(struct text *t, const struct finding *f)
{
    add(t, "==%d== pond: %s: %s\n", event_process(), f->word, f->what);
    add_object(t, f);
}

/* Writes the events' stacks as addresses, a line each. */
static void compose_addresses(struct text *t, const struct finding *f)
{
    for (size_t i = 0; i < f->event_count && !f->quiet_stacks; i++) {
        size_t count;
        const void *one, *const *pcs = event_frames(&f->events[i].event, &one, &count);
        if (count > 0)
            add(t, "    %s, addresses:", role_name(f, i));
        for (size_t k = 0; k < count; k++) {
            char place[128];
            (void)module_locate(pcs[k], place, sizeof(place));
            add(t, " %s%s", place, k + 1 == count ? "\n" : "");
        }
    }
}

static void compose_rest(struct text *t, const struct finding *f)
{
    if (f->more != NULL)
        add(t, "%s\n", f->more);
    for (size_t i = 0; i < f->event_count && !f->quiet_stacks; i++) {
        const struct event *e = &f->events[i].event;
        add(t, "    %s: thread %u, epoch %u\n", role_name(f, i), e->thread, e->epoch);
        add_stack(t, e);
    }
    add(t, "    advice: %s\n", f->advice);
    add_words(t, f);
}

/* ---- to the program, or to stderr ---- */

/* Relaxed: a count to be read. */
static uint64_t reports;

/* The handler and its argument: whoever sees a new handler sees its argument, and no handler sees that of one
   before it unless both were just exchanged. */
static void (*handler)(const pond_report *, void *);
static void *handler_ctx;

void pond_on_report(void (*new_handler)(const pond_report *report, void *ctx), void *ctx)
{
    /* Pairs with emit and hand_over, which load them in the opposite order. */
    __atomic_store_n(&handler_ctx, ctx, __ATOMIC_SEQ_CST);
    __atomic_store_n(&handler, new_handler, __ATOMIC_SEQ_CST);
}

uint64_t pond_report_count(void)
{
    return LOAD(reports);
}

static void hand_over(const struct finding *f, const char *text)
{
    pond_report r = {.word = f->word,
                     .what = f->what,
                     .advice = f->advice,
                     .pond = f->pond != NULL ? f->pond->name : "",
                     .type = type_name(f->pond),
                     .object = f->object,
                     .offset = f->offset,
                     .size = f->size,
                     .stack_count = f->event_count,
                     .seed = luck_is_on() ? LOAD(check_settings.seed) : 0,
                     .text = text};
    const void *one[POND_REPORT_STACKS];
    for (size_t i = 0; i < f->event_count; i++) {
        pond_report_stack *s = &r.stacks[i];
        s->role = role_name(f, i);
        s->pcs = event_frames(&f->events[i].event, &one[i], &s->count);
        s->thread = f->events[i].event.thread;
        s->epoch = f->events[i].event.epoch;
    }
    uint32_t entry = entry_pause();
    /* Pairs with pond_on_report. */
    __atomic_load_n(&handler, __ATOMIC_SEQ_CST)(&r, __atomic_load_n(&handler_ctx, __ATOMIC_SEQ_CST));
    entry_resume(entry);
}

#define PRINT_MILLISECONDS 1000 /* for a reader that does not read: the program's own work has to go on */

/* After a write that failed. True: it may be tried again. The first time sets the end. */
static bool may_print_again(uint64_t *end)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    uint64_t now = os_milliseconds();
    if (*end == 0)
        *end = now + PRINT_MILLISECONDS;
    if (now >= *end)
        return false;
    (void)poll(&out, 1, (int)(*end - now));
    return true;
}

/* Writes the text to stderr, which may be a full pipe that does not block, and of which a signal may
   interrupt the write. */
static void print(const struct text *t)
{
    uint64_t end = 0;
    for (size_t at = 0; at < t->length;) {
        ssize_t n = write(STDERR_FILENO, t->bytes + at, t->length - at);
        if (n > 0)
            at += (size_t)n;
        else if (n == 0 || !may_print_again(&end))
            break;
    }
}

/* Ends the process. A handler of SIGABRT may use the library yet: no lock is held. */
static void give_up(void)
{
    (void)entry_pause();
    abort();
}

/* ---- its way ---- */

struct emission {
    const struct finding *finding;
    struct text text;
    bool taken; /* a handler of the user's takes it */
};

static void compose_beginning(struct text *t, const struct finding *f)
{
    compose_heading(t, f);
    compose_addresses(t, f);
}

/* Prints what is to arrive whatever comes after: it is written before anything is looked up in files, or
   mapped. */
static void print_beginning(void *argument)
{
    struct emission *e = argument;
    compose_beginning(&e->text, e->finding);
    print(&e->text);
    e->text.length = 0;
}

/* Completes the finding, and says its sentence again if a name has come in. */
static void complete(struct text *t, const struct finding *f, bool taken)
{
    bool more = f->complete != NULL && f->complete(f->completed);
    if (taken)
        compose_heading(t, f);
    else if (more)
        add(t, "    %s\n", f->what);
}

static void compose_or_print(void *argument)
{
    struct emission *e = argument;
    complete(&e->text, e->finding, e->taken);
    compose_rest(&e->text, e->finding);
    if (!e->taken)
        print(&e->text);
}

static void hand_over_aside(void *argument)
{
    const struct emission *e = argument;
    hand_over(e->finding, e->text.bytes);
}

/* Hands the report over on the caller's stack; but in the trap's handler on the library's own. */
static void hand_over_lent(struct emission *e, struct aside *a)
{
    if (e->finding->trapped) {
        aside_call(a, hand_over_aside, e);
        return;
    }
    aside_lend(a, __builtin_frame_address(0));
    hand_over(e->finding, e->text.bytes);
    aside_lent(a);
}

/* Emits the report on the caller's stack, for there is no memory for another one. */
static NOT_INLINED void emit_here(struct emission *e, int cancel)
{
    char text[LINE_BYTES];
    e->text = (struct text){.bytes = text, .size = sizeof(text)};
    if (!e->taken)
        print_beginning(e);
    compose_or_print(e);
    os_allow_cancel(cancel);
    if (e->taken)
        hand_over(e->finding, text);
}

static void begin_aside(struct emission *e, struct aside *a)
{
    e->text = (struct text){.bytes = a->text, .size = a->text_bytes};
    aside_call(a, print_beginning, e);
}

static void emit_aside(struct emission *e, struct aside *a, int cancel)
{
    e->text = (struct text){.bytes = a->text, .size = a->text_bytes};
    aside_call(a, compose_or_print, e);
    os_allow_cancel(cancel);
    if (e->taken)
        hand_over_lent(e, a);
}

/* Emits the report. The thread is not cancelled in the middle of the library's own work; a handler of the
   user's runs with cancellation as its caller had it. */
static void emit(const struct finding *f)
{
    int cancel = os_hold_cancel();
    /* Pairs with pond_on_report. */
    struct emission e = {.finding = f, .taken = __atomic_load_n(&handler, __ATOMIC_SEQ_CST) != NULL};
    struct aside *a = aside_take(e.taken ? ASIDE_AMPLE : ASIDE_LITTLE);
    if (a != NULL && !e.taken) {
        begin_aside(&e, a);
        a = aside_grow(a);
    }
    if (a != NULL)
        emit_aside(&e, a, cancel);
    else
        emit_here(&e, cancel);
    aside_give(a);
    if (!e.taken && !f->harmless && !check_for_all(CHECK_LOG))
        give_up();
}

/* ---- not twice the same ---- */

#define KNOWN 1024

static uint64_t known[KNOWN];

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 29);
}

/* True: the same finding was here before: of the same word and kind, from the same stacks, about the same
 * pond and offset. Of one that comes from nobody knows where that cannot be told. */
static bool is_known(const struct finding *f)
{
    uint64_t hash = mix(mix(mix(mix(1, (uintptr_t)f->word), f->kind), (uintptr_t)f->pond), f->offset);
    for (size_t i = 0; i < f->event_count; i++)
        hash = mix(hash, f->events[i].event.stack);
    if (f->event_count == 0 || f->events[0].event.stack == 0)
        return false;
    /* Relaxed: of two threads with one finding one is told that it is new; nothing else hangs on it. */
    return __atomic_exchange_n(&known[hash % KNOWN], hash, __ATOMIC_RELAXED) == hash;
}

void report(const struct finding *f)
{
    int saved = errno;
    ADD(reports, 1);
    if (!is_known(f))
        emit(f);
    errno = saved;
}
