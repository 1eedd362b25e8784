/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structures of the checks, and what each room of src/check offers to the others. An operation's way
 * runs downwards:
 *
 *   watch.c    get, put, discard, drop, tick of a watched pond: which checks run, in which order
 *   lightly.c  the same with guard pages alone; ponds that are gone
 *   claim.c    whose object a put is given, and what is wrong with it already
 *   words.c    switches, all ponds or those of a name
 *   rules.c    the table of words; what was said of which ponds. help.c  the words in words
 *   chaos.c    fail=P, chaos=SEED
 *   guard.c    pages of their own for one get in N (due.c); the trap's handler (trap.c)
 *   live.c     hold=N: walks over live objects. audit.c  pond_audit: all objects looked at now
 *   leak.c     leak: live objects at pond_destroy, and those that nothing leads to at exit
 *   reach.c    what leads to them; regions.c  memory to look in; apart.c  a copy of the process that looks
 *   reset.c    what reset left behind
 *   bytes.c    poison and red zones
 *   secret.c   declared secrets: neither in reports nor in copies
 *   scope.c    hooks that call into their own pond, or do not return; calls in signal handlers
 *   thread.c   what a thread keeps for scope.c and chaos.c
 *   record.c   object -> record: state, threads, epochs, stacks
 *   report.c   composes and emits a report
 *   prepare.c  pond_prepare: what is done once, ahead
 *   stack.c    captures stacks and keeps each once; module.c  PC -> module and offset
 *   tell.h, tools.h  what sanitizers and Valgrind are told; roots.c  where they find pointers
 */
#ifndef POND_CHECK_H
#define POND_CHECK_H

#include "../frame.h"
#include "../pool.h"
#include <pond/debug.h>
#include <string.h>

/* ---- words ---- */

enum check_word {
    CHECK_DOUBLE = 1u << 0,
    CHECK_TAG = 1u << 1,
    CHECK_CONFINE = 1u << 2,
    CHECK_RESET = 1u << 3,
    CHECK_POISON = 1u << 4,
    CHECK_REDZONE = 1u << 5,
    CHECK_GROW = 1u << 6,
    CHECK_HOLD = 1u << 7,
    CHECK_LEAK = 1u << 8,
    CHECK_GUARD = 1u << 9,
    CHECK_FAIL = 1u << 10,
    CHECK_CHAOS = 1u << 11,
    CHECK_LOG = 1u << 12,
    CHECK_TOOLS = 1u << 13, /* not a word: a tool (a sanitizer, Valgrind) is to be told */
    CHECK_STACKS = 1u << 14,
    CHECK_BYPASS = 1u << 15,
    CHECK_AUDIT = 1u << 16
};

/* What is on for a pond. Written under the registry's lock, read by anyone at any time with LOAD. */
struct check_settings {
    uint32_t words;        /* of enum check_word */
    uint64_t stacks;       /* deepest stack kept */
    uint64_t poison_bytes; /* 0: all */
    uint64_t hold_epochs;
    uint64_t leak_kept;   /* 1: objects that are kept at exit are told of */
    uint64_t guard_every; /* one get in so many */
    uint64_t fail_permille;
    uint64_t seed; /* of chaos and fail; all ponds have that of check_settings */
};

/* What is on for ponds that no word names, and for what is about no single pond. */
extern struct check_settings check_settings;

extern uint32_t check_somewhere; /* words that are on for any pond, there now or to come */
extern uint64_t check_changes;   /* how often words were set */

/*
 * The words that are on for this pond, as pond_debug_set takes them; NULL: all that was said, those of ponds
 * by name too unless the registry's lock is taken. Returns the length of the whole.
 */
size_t check_words_text(const struct pond *p, char *text, size_t n);

/* Lets go of the pond if it needs no watching any more. */
void words_settle(struct pond *p);

/* The two ways of watching: all checks; guard pages alone, which keeps no records. */
extern const struct watch watch_full;
extern const struct watch watch_guard;

/* What the first offers to the second, for objects in guard slots. */
void *full_get_guarded(pond *p);
void full_hand_out(pond *p, void *obj, const void *caller);
void full_adopt(pond *p, void *obj, const void *caller);
void full_put(pond *p, void *obj, const void *caller);
void full_discard(pond *p, void *obj, const void *caller);
void full_making(pond *p, void *obj, const struct frame *call); /* of what is called beside the hook */
void full_tried(pond *p, void *obj);
void full_made(pond *p, void *obj);
void full_drop(pond *p, void *obj, const struct frame *call);
bool full_ended(pond *p, void *obj);

static inline bool check_for_all(uint32_t word)
{
    return (LOAD(check_settings.words) & word) != 0;
}

/* A tool (a sanitizer, Valgrind) is told: of all ponds or none. */
static inline bool check_tools(void)
{
    return check_for_all(CHECK_TOOLS);
}

/* ---- stacks: stack.c, module.c ---- */

#define STACK_MOST 32 /* frames */

/*
 * The caller's stack, as a number for as long as the process lives: equal stacks have one number, 0 is no
 * stack (none wanted, or no memory). `caller`: the return address of the public function, the first frame
 * kept; frames within the library are left out. In the handler of a trap: the trapped instruction's address
 * plus one. Of `most` frames at most, STACK_MOST if it is more; with one frame nothing is unwound. From a
 * signal handler: yes. Keeps errno.
 */
uint32_t stack_capture(const void *caller, uint64_t most);

/* To be called before the first unwinding: what the linker does at the first unwinding, names that are looked
   up with 3 KiB of the stack, is done then. */
void stack_ready(void);

/* The frames of a number: a constant array, *count of them. */
const void *const *stack_frames(uint32_t stack, size_t *count);

/*
 * One frame as text without a newline at its end: with a symbolizer "conn_open server.c:12 (server+0x1234)",
 * after a line for each function that was inlined there, "conn_check server.h:7 (inlined)"; else
 * "server+0x1234 (build id 0123abcd...)", or "conn_open+0x12 (server+0x1234, build id 0123abcd...)" where the
 * loader knows a name. pc is a return address; the offset is that of the byte before, for addr2line. Cut to n
 * bytes with a final NUL; returns the length of what is there. Keeps errno.
 */
size_t module_describe(const void *pc, char *text, size_t n);

/* The same, by no system call: "file+0x1234" at most. */
size_t module_locate(const void *pc, char *text, size_t n);

/*
 * The name of the field at this offset of a type ("struct conn", "conn"), from debug information: "token",
 * "peer.port", "items[3]". Cut to n bytes with a final NUL; returns the length of what is there, 0: not
 * known. Needs libpond-symbol. Keeps errno.
 */
size_t module_field(const char *type, size_t offset, char *text, size_t n);

/* Reads ahead what both will need of all that is loaded now. False: there is no libpond-symbol. */
bool module_prepare(void);

/* ---- reports: report.c ---- */

/* What happened to an object at some time. */
struct event {
    uint64_t stack;  /* a number of stack.c, or with EVENT_CALLER a return address alone */
    uint32_t thread; /* 0: it did not */
    uint32_t epoch;
};

#define EVENT_CALLER ((uint64_t)1 << 63) /* no user's address has this bit */

extern __thread uint32_t event_self POND_TLS_;
uint32_t event_number(void); /* gives this thread one */

/* This thread's number, from 1 on in the order of first uses. */
static inline uint32_t event_thread(void)
{
    uint32_t thread = event_self;
    return __builtin_expect(thread != 0, 1) ? thread : event_number();
}

/* Frames that are kept of what happens to the pond's objects; NULL: of what is about no pond. */
static inline uint64_t event_depth(const struct pond *p);

static inline uint64_t event_stack(const struct pond *p, const void *caller)
{
    uint64_t depth = event_depth(p);
    return depth == 1 ? (uint64_t)(uintptr_t)caller | EVENT_CALLER : stack_capture(caller, depth);
}

/* This thread, now, called from `caller`; NULL: without a stack. */
static inline struct event event_here(const struct pond *p, const void *caller)
{
    struct event e = {.thread = event_thread(), .epoch = p != NULL ? (uint32_t)registry_epoch(p) : 0};
    e.stack = caller != NULL ? event_stack(p, caller) : 0;
    return e;
}

/* The frames of an event's stack, *count of them; *one is room for a single one. */
const void *const *event_frames(const struct event *e, const void **one, size_t *count);

/* How many forks this process knows of: its own, and before them those that its parents made before it. */
uint16_t event_forks(void);
void event_forked(void);
int event_process(void); /* its number, asked for once */

struct finding {
    const char *word;
    const char *what;        /* filled in with finding_say */
    const char *advice;      /* a constant */
    const struct pond *pond; /* NULL: none is known */
    const void *object;
    size_t offset, size;
    struct {
        const char *role;
        struct event event;
    } events[POND_REPORT_STACKS];
    size_t event_count;
    const char *more;  /* lines to add to the text, or NULL */
    bool harmless;     /* do not abort */
    bool quiet_stacks; /* `more` has them already */
    bool trapped;      /* it comes from the trap's handler */
    /* NULL, or called with `completed` when the first words are out: it may need files, and may change
       `what`, offset, size and `more`. True: `what` says more now. Not called when the finding is not
       reported. */
    bool (*complete)(void *completed);
    void *completed;
    char sentence[256];
};

/* printf into f->sentence, and f->what is that. */
void finding_say(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The frames of an event's stack, a line each, indented; returns the length. Much is done aside. */
size_t event_text(const struct event *e, char *text, size_t n);

/* Adds an event, if it happened at all (thread != 0). One that is "here" is this moment's: its stack is taken
 * whole. */
void finding_event(struct finding *f, const char *role, struct event e);

/*
 * Counts it, and unless the same was reported from the same place before, reports it: to the user's handler,
 * or to stderr and then, without `log`, abort(). No lock may be held. Keeps errno.
 */
void report(const struct finding *f);

/* These words come on: what the first report would have to ask the system for is asked for now. */
void report_ready(uint32_t words);

/* ---- records: record.c ---- */

enum record_state {
    RECORD_UNKNOWN, /* of a generation gone by, or never seen: trusted */
    RECORD_LIVE,
    RECORD_CLEANING, /* a put is at work on it: hooks run */
    RECORD_IDLE,
    RECORD_LOOKED_AT, /* live or idle, and a walk looks at it: wait */
    RECORD_DROPPED
};

/*
 * What is known of one object. It lies apart from the object: for an object in a slab in the slab's annex,
 * by the object's number; for one in a guard slot with the slot; for one of a pond with create in a table
 * by its address.
 *
 *   state is changed by compare-and-swap, by whoever the object's way of life is with: get, put, drop, and
 * the tick for as long as RECORD_LOOKED_AT. The rest belongs to who made the last change.
 */
struct record {
    uint32_t state;      /* enum record_state */
    uint32_t generation; /* of the check; or RECORD_ALWAYS */
    struct event got, put;
    uint32_t poisoned; /* so many bytes were overwritten; `kept` holds them */
    uint32_t born;  /* the generation in which it was made; of another one: zones and snapshot say nothing */
    bool made;      /* `snapshot` holds the state after construct */
    bool held;      /* hold=N has reported it */
    bool covered;   /* poison was lifted for a footprint hook */
    uint16_t forks; /* event_forks when it was got */
    /* size bytes of kept, but in a guard slot, with pointers where a search for leaks reads them; then size
       bytes of snapshot */
    unsigned char bytes[] __attribute__((aligned(8)));
} __attribute__((may_alias)); /* it lies in memory that a table's node declares otherwise */

/* The generation of a record in a guard slot: its object is watched for as long as it is live. */
#define RECORD_ALWAYS UINT32_MAX

/* The check's generation while watch_full does not watch. No record is of it: see record_generation. */
#define RECORD_NEVER (UINT32_MAX - 1)

#define CHECK_SHARDS 16

/* What is known of one pond. Made when it is first watched; its memory is the checks' own. */
struct check {
    struct pond *pond;
    struct check *next;       /* of all, under the checks' lock */
    struct check_settings on; /* for this pond */
    size_t size;              /* bytes of an object; 0 with create */
    size_t record_bytes;      /* of one record, padded */
    uint64_t inverse;         /* 2^32 / stride, rounded up */
    bool hooks;               /* a put runs some */
    bool redzone;             /* its layout has red zones */
    uint32_t generation;      /* a new one for each time watch_full watches: records of others say nothing.
                                 RECORD_NEVER in between */
    uint32_t generations;     /* so many there were */
    bool whole;               /* watched in full since its creation: an object without a record is none */
    struct table *table;      /* records of a pond with create */

    /* Reasons to stay watched though no word is on: poisoned objects, live objects in guard slots. The sum
       counts; a thread changes its own. */
    struct {
        uint64_t count;
    } __attribute__((aligned(64))) holds[CHECK_SHARDS];
};

static inline struct check *check_of(const struct pond *p)
{
    return LOAD(p->watcher);
}

/* For a pond that is watched. */
static inline bool check_on(const struct pond *p, uint32_t word)
{
    return (LOAD(check_of(p)->on.words) & word) != 0;
}

/* For any pond. NULL: for all of them. */
static inline bool check_is_on(const struct pond *p, uint32_t word)
{
    if (p == NULL)
        return check_for_all(word);
    return watch_of(p) != NULL && check_of(p) != NULL && check_on(p, word);
}

static inline uint64_t event_depth(const struct pond *p)
{
    const struct check *c = p != NULL ? check_of(p) : NULL;
    const struct check_settings *s = c != NULL ? &c->on : &check_settings;
    return LOAD(s->stacks);
}

/*
 * What a record that is written now is of. Who reads a generation finds watch_full when it next asks for the
 * pond's watch: acquire, pairs with the release in attend (words.c).
 */
static inline uint32_t record_generation(const struct check *c)
{
    uint32_t generation = __atomic_load_n(&c->generation, __ATOMIC_ACQUIRE);
    return generation == RECORD_NEVER ? 0 : generation;
}

bool check_attach(struct pond *p); /* under the registry's lock; false and ENOMEM */
void check_detach(struct pond *p); /* the pond ends */
void check_hold(struct check *c, int by);
bool check_hold_for(struct check *c, uint32_t word); /* one more, if the word is on */
uint64_t check_holds(const struct check *c);

/* The checks' own lock, for what is rare. Innermost of all locks. */
void check_lock(void);
void check_unlock(void);

/*
 * The record of what must be one of the pond's objects in a slab, if it lies at the start of one; NULL: it
 * does not, or its slab has no records yet. The quick way of finding one: the multiplication is exact for
 * the start of an object, and for nothing else is the offset that of the object found.
 */
static inline struct record *record_in_slab(const struct pond *p, const struct check *c, const void *obj)
{
    const struct slab *s = slab_of(obj);
    if (s == NULL || s->set != &p->slabs)
        return NULL;
    uint64_t offset = (uint64_t)((const char *)obj - s->base) - p->lead;
    uint64_t object = offset * c->inverse >> 32;
    char *annex = __atomic_load_n(&s->annex, __ATOMIC_ACQUIRE);
    bool start = object * p->object_bytes == offset && object < s->room && annex != NULL;
    return start ? (struct record *)(void *)(annex + object * c->record_bytes) : NULL;
}

/* The record of an object that is the pond's own; NULL: no memory for it. */
struct record *record_of(struct pond *p, const void *obj);

/* The same where there is one already; NULL: none, or the address is not one of the pond's objects. */
struct record *record_peek(struct pond *p, const void *obj);

/* What some address is. */
struct place {
    struct record *record; /* of the object that starts there, in this pond; NULL: none, or no memory */
    struct pond *owner;    /* the pond that holds the address; NULL: none */
    size_t inside;         /* bytes from the start of the object that holds it */
    bool free;             /* no object is there: its memory is the pond's, and not taken */
};

struct place record_locate(struct pond *p, const void *address);

/* Every object of the pond that has a record of this generation. */
typedef void record_visitor(struct pond *p, void *obj, struct record *r, void *ctx);
void record_walk(struct pond *p, record_visitor *visit,
                 void *ctx); /* takes the pond's lock, and the checks' */
void record_walk_table(struct pond *p, record_visitor *visit, void *ctx); /* of a pond with create; no lock */

static inline unsigned char *record_kept(struct record *r)
{
    return r->bytes;
}

static inline unsigned char *record_snapshot(const struct check *c, struct record *r)
{
    return r->bytes + (LOAD(r->generation) == RECORD_ALWAYS ? 0 : c->size);
}

/* The state, RECORD_UNKNOWN for a record of an earlier generation; waits while a tick looks at the object. */
uint32_t record_state(const struct check *c, const struct record *r);
bool record_change(const struct check *c, struct record *r, uint32_t from, uint32_t to);
void record_settle(const struct check *c, struct record *r, uint32_t state); /* believed from now on */

/* A walk's look at a record in that state, and the end of it: the record says afterwards what it said before.
 */
bool record_look(const struct check *c, struct record *r, uint32_t state);
void record_looked(struct record *r, uint32_t state);

/* The record of an object that was got while nobody watched, and is now being put: CLEANING from now on.
 * Nothing is left of what the record said at an earlier time, of whoever had the object then. */
void record_trust(const struct check *c, struct record *r, struct event here);

/* ---- poison and red zones: bytes.c; secrets: secret.c ---- */

#include "bytes.h"

/* ---- audit.c ---- */

/* As pond_audit, of a pond that is pinned. */
size_t audit_pond(struct pond *p, const void *caller);

/* ---- what reset left behind: reset.c ---- */

void reset_remember(struct pond *p, void *obj, struct record *r);
void reset_check(struct pond *p, void *obj, struct record *r, struct event here);

/* ---- live objects: live.c, leak.c ---- */

void live_look_for_held(struct pond *p);
void leak_report_busy(struct pond *p); /* pond_destroy is refused */
void live_release_all(void);           /* restores all poisoned idle objects, for words that are off now */

/* ---- chaos.c ---- */

bool chaos_fails(const struct pond *p);
bool chaos_drops(void);
void *chaos_get(struct pond *p); /* an idle object out of turn, or NULL */

/* ---- hooks: scope.c; what a thread keeps: thread.c ---- */

#include "scope.h"

/* ---- guard: guard.c, trap.c ---- */

#include "guard.h"

#endif
