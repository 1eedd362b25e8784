/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks for every way a pool is misused, in the same library that runs in production. They are off
 * until words switch them on, and cost nothing while off.
 *
 *     POND_DEBUG=fast ./server          words from the environment, read at the first pond_create
 *     pond_debug_set("full,log")        the same at run time, for ponds that exist and ponds to come
 *     POND_DEBUG=help ./server          prints the table of words
 *
 * Words, separated by commas; spaces around them and letter case do not matter. Of a POND_DEBUG in which a
 * word is not understood (it is unknown, or its value is not one) the others are on nevertheless: a report
 * names the word, says whether anything is checked, and shows the words there are; the process goes on.
 *
 * `-word` takes out what stands before it: `full,-leak` is full without leak, `full,-fast` what full has
 * more.
 *
 * `word@name` is on for ponds of that name alone, those there are and those to come, and `-word@name` off for
 * them: `full@conn*,-leak@conns,guard=100@sockets`. The name is a pattern as in fnmatch(3), and what is
 * compared is the first 47 bytes of the pond's; it ends at the next comma, so `?` stands for a comma in it.
 * What is said of a name counts after what is said without one, wherever it stands, and of several that match
 * each counts in its turn: so each pond has its own words, with values of their own. 64 names at most. A pond
 * that no word is on for keeps its fast path, instruction for instruction, whatever is on for others; nothing
 * of it is checked, and a misuse that two ponds take part in is found where the watched one is called. Not by
 * name: `log`, which is about what a report does to the process (so is pond_on_report), `off` and `help`:
 * they are refused. Of chaos the seed is one for all, and ticks are delayed only if it is on for all ponds.
 *
 * Sets: `fast` is what can be left on in a test environment, `full` all that
 * finds bugs without changing what a correct program sees. Any word but guard, stacks and log has double
 * and tag looked at as well.
 *
 *     double      put of an object that is not live: both stacks
 *     tag         put into another pond, of another type, of no pond's object: names the true owner
 *     confine     an object of a POND_THREAD_CONFINED pond put by another thread than got it
 *     reset       after reset an object must be as construct left it, padding included; declared fields
 *                 as declared
 *     poison[=N]  the first N bytes (0: all) of idle objects are filled, and checked for writes
 *     redzone  *  bytes around each object are checked for overflow and underflow: at put, before and after
 *                 its hooks; and while it is idle, at the next get, drop or tick, for what was written after
 *                 put. The report names whoever had the object then
 *     grow        objects dropped for exceeding max_footprint are reported
 *     hold=N      at a tick: objects live for more than N epochs
 *     leak[=1]    live objects at pond_destroy; and at exit, after all destructors, those that no memory of
 *                 the program, no register of a thread and no live object leads to any more. Grouped by
 *                 stack. What is kept at exit is no error; leak=1: a line says how many each pond keeps
 *     guard[=1/N] a get in N (guard=N says the same; guard alone: every one) is served from pages of its
 *                 own: any access after put traps. The object lies at one end of its pages, by chance which:
 *                 an access just outside on that side traps at once (behind the object, beyond the bytes that
 *                 its alignment leaves there), on the other side only when it goes beyond the pages, of which
 *                 objects up to 16 KiB have 16 KiB. What was written into the 64 bytes in front of it or
 *                 behind it, and into those of the alignment, is found at put. For objects up to 1 MiB;
 *                 pond_debug_unguarded counts what was not guarded. Which gets these are is drawn anew in
 *                 each thread, and in each process that is forked. A system call that is given a pointer to a
 *                 put object, or was under way at its put, does not trap: it fails with EFAULT, writes
 *                 nothing, and no report is made. What is not guarded the kernel writes to, which `poison`
 *                 finds
 *     stacks=N    deepest stacks kept; 1: the caller alone, at next to no cost; 0: none.
 *                 Else 16; with guard alone 1
 *     fail=P      P of 1,000 gets fail with ENOMEM
 *     chaos=SEED  random drops, steals from other threads, cold-first reuse, delayed ticks
 *     bypass      each get makes an object, each put drops it: to tell whether the pool is at fault. All
 *                 hooks run as ever: construct or create in each get, whose memory is zero before; at put
 *                 reset and footprint, as if the object were to be kept, and then destroy, with
 *                 POND_DROP_DEBUG or the reason that reset or max_footprint gives. What was idle before, or
 *                 pond_reserve makes, is left to the ticks, and at max_objects dropped for a get;
 *                 pond_get_idle finds nothing. Chaos then drops, steals and reuses nothing
 *     audit       at each tick: what pond_audit looks at
 *     (any)       a hook that is left, or calls into its own pond; a call in the handler of a signal that
 *                 interrupted the library
 *     log         go on after a report instead of calling abort()
 *
 * An object that guard, bypass or chaos alone takes from the pond at its put is dropped with POND_DROP_DEBUG.
 *
 * (*) needs room in the object's layout: for ponds created while the word is on. All other words also
 * work for ponds that exist. An object that was live before its pond was first checked is trusted once.
 *
 * A report says what happened, to which object of which pond, where, and what to do about it; it goes to
 * stderr, and the process aborts, unless `log` or pond_on_report say otherwise.
 *
 * Secrets: no report of any word shows a byte of a field that the pond's type declares POND_SENSITIVE. It
 * says where the field is not zero; among other bytes they stand as **. Nor do the checks' own copies outlive
 * the object: what poison covers of such a field is kept for as long as the object is idle, and wiped when it
 * is got or dropped; what construct left in it is not kept; and in a guard slot, whose object a core file
 * shows as it was put until the slot is used again, it is wiped when the object ends, after its destroy hook.
 * With POND_ZERO_ON_PUT these copies are wiped as a whole. A secret in a field that is not declared is shown
 * and kept as any other byte.
 */
#ifndef POND_DEBUG_H
#define POND_DEBUG_H

#include <pond/pond.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Replaces the words that are on by these, those by name too; NULL, "" or "off": none. Returns 0; or -1 with
 * errno EINVAL when a word is unknown or its value is not one (then nothing changes, and a report names the
 * word and shows the words there are), or ENOMEM. Takes effect on all threads before it returns. Takes the
 * lock that creating a pond takes, and closes each thread's caches for a moment. Not to be called in a hook,
 * where it is not refused.
 */
POND_API int pond_debug_set(const char *words);

/*
 * Writes the words that are on, as pond_debug_set takes them, to text with a final NUL, cut to n bytes.
 * Returns the length of the whole, without the NUL. Costs a lock.
 */
POND_API size_t pond_debug_get(char *text, size_t n);

/* The table of words, what POND_DEBUG=help prints, as lines of text: a constant, which is never freed. */
POND_API const char *pond_debug_help(void);

/*
 * How many gets were not guarded, though it was their turn, since guard was last switched on: all slots were
 * in use (there are 256 for objects up to 16 KiB, and 16 for larger ones), there was no memory, or the object
 * could not be made (max_objects, its construct hook). Such a get is served as ever. What create makes is
 * never guarded, and not counted.
 */
POND_API uint64_t pond_debug_unguarded(void);

/*
 * Looks at all objects of the pond now, live and idle ones (NULL: of every pond), reports what is wrong as
 * words do, and returns how many findings there were, those included that were reported before. What there is
 * to find depends on the words that are on for the pond: written red zones (of live objects, too), poison,
 * and the bytes next to live objects in guard slots; each is found once, for what was written is put right.
 * And without any word, that what the pond takes for idle is, each once, an object of its own that is idle:
 * an object that was put twice, or into another pond, while no word was on. Those are found again at each
 * audit, 64 of a pond at most, unless a thread stays stopped in the middle of a get or put.
 *
 * Takes some 100 ns for each object, part of which the pond's lock is held, and closes the pond's caches as a
 * tick does. The word audit runs it at each tick of the ponds it is on for. Not for hooks: where it is
 * refused there, it returns 0 with EDEADLK. Where there is no memory to note findings they are not looked
 * for.
 */
POND_API size_t pond_audit(pond *p);

#define POND_REPORT_STACKS 3

/* Who did something to the object, and where. */
typedef struct pond_report_stack {
    const char *role;       /* "put here", "put again here", "put before", "got" */
    const void *const *pcs; /* return addresses, innermost first */
    size_t count;           /* of pcs; 0: not kept (see stacks=N) */
    uint32_t thread;        /* counted from 1 in the order of threads' first checked operation; 0: unknown */
    uint64_t epoch;         /* of the pond */
} pond_report_stack;

/* One finding. All of it is valid during the call of the handler alone. */
typedef struct pond_report {
    const char *word;    /* the check: "double", "reset", "destroyed", ... */
    const char *what;    /* one sentence */
    const char *advice;  /* one sentence */
    const char *pond;    /* its name; "" when no pond is known */
    const char *type;    /* name of its type; "" without one */
    const void *object;  /* NULL when the report is about no single object */
    size_t offset, size; /* the bytes of the object it is about; size 0: about none */
    pond_report_stack stacks[POND_REPORT_STACKS]; /* who did what to the object; this call comes first */
    size_t stack_count;                           /* of stacks */
    uint64_t seed;                                /* of chaos and fail; 0: neither is on */
    const char *text; /* the whole report, as it would go to stderr, stacks with file and line */
} pond_report;

/*
 * From here on reports go to handler(report, ctx) instead of stderr, and the process goes on; NULL: as
 * before. May be called on any thread at any time; a report that is under way may still go to the one before.
 * The handler runs on the thread that is reported, on its stack, outside every lock. For a trapped access it
 * is called in the signal handler, on a stack of the library's own of 256 KiB, and must return. It must not
 * use the pond it is told of. A misused call that would harm a pond (double, tag, hook, a destroyed pond)
 * does nothing else; any other does its work after the report.
 */
POND_API void pond_on_report(void (*handler)(const pond_report *report, void *ctx), void *ctx);

/*
 * Findings of the process so far, those that repeat one and were not reported again included. Costs no lock.
 */
POND_API uint64_t pond_report_count(void);

/*
 * Who turns a return address into "function file:line". libpond-symbol (libdw) is used when it is linked
 * or can be loaded; without it reports give module, offset and build id.
 *
 * Writes to text, cut to n bytes with a final NUL; inlined functions on lines of their own. Returns its
 * length, 0: nothing is known of pc.
 */
typedef size_t pond_symbolizer(const void *pc, char *text, size_t n);

/*
 * From here on reports ask symbolizer; NULL: libpond-symbol again. It is called on the thread that reports,
 * by one at a time, outside every lock of ponds, which it may use.
 */
POND_API void pond_on_symbol(pond_symbolizer *symbolizer);

#ifdef __cplusplus
}
#endif

#endif
