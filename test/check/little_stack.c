/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang debug
// link: -Wl,-z,now
/*
 * A report needs little of the stack of whoever it is about: less than 4 KiB of the caller's, and less than
 * 2 KiB of a signal's stack, whatever a symbolizer needs, and in a trap the program's own report handler. The
 * stacks are painted, and what lost its paint was used.
 */
#include "test.h"

#include <fcntl.h>
#include <pond/debug.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(little_stack, .timeout = TEST_ALARM);

enum { STACK = 256 << 10, PAINT = 0xaa, NEAR = 512, SIGNAL_MOST = 2048 };

/* Where an unwinder has more registers to keep a call that keeps its stack takes more, reported or not. */
#if defined(__x86_64__) || defined(__i386__)
enum { CALL_MOST = 4096 };
#else
enum { CALL_MOST = 8192 };
#endif

static unsigned char *stack;
static size_t used;

/* ---- a painted stack ---- */

static __attribute__((noinline)) void measure(void (*body)(void))
{
    unsigned char *here = __builtin_frame_address(0), *end = here - NEAR, *at = stack;
    memset(stack, PAINT, (size_t)(end - stack));
    body();
    while (at < end && *at == PAINT)
        at++;
    used = (size_t)(here - at);
}

static void *measured(void *body)
{
    measure(*(void (**)(void))body);
    return NULL;
}

/* Bytes of the stack below the frame that calls body, at most. */
static size_t stack_used(void (*body)(void))
{
    pthread_attr_t attr;
    pthread_t thread;
    stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(stack != MAP_FAILED, "mmap");
    must(pthread_attr_init(&attr) == 0 && pthread_attr_setstack(&attr, stack, STACK) == 0, "attr");
    must(pthread_create(&thread, &attr, measured, &body) == 0, "pthread_create");
    (void)pthread_join(thread, NULL);
    (void)pthread_attr_destroy(&attr);
    (void)munmap(stack, STACK);
    return used;
}

/* What takes much of a stack, and says how much it wrote there. */
static __attribute__((noinline)) size_t take_much(void)
{
    volatile unsigned char much[100 << 10];
    size_t n = 0;
    for (size_t i = 0; i < sizeof(much); i += 512)
        much[i] = 1;
    for (size_t i = 0; i < sizeof(much); i += 512)
        n += much[i];
    return n;
}

static unsigned named;

static size_t greedy_symbolizer(const void *pc, char *text, size_t n)
{
    (void)pc;
    named++;
    return (size_t)snprintf(text, n, "function of %zu", take_much());
}

/* ---- misuses ---- */

struct letter {
    char text[48];
    int length;
};

static pond *letters, *others;
static struct letter *object, *other;
static unsigned reports;

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    ((struct letter *)obj)->length = 1;
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct letter *)obj)->text[0] == 'l' ? 10000 : 0;
}

static void double_put(void)
{
    void *volatile again = object;
    pond_put(letters, object);
    pond_put(letters, again);
}

static void foreign_put(void)
{
    pond_put(letters, other);
}

static void wild_discard(void)
{
    void *volatile wild = &reports;
    pond_discard(letters, wild);
}

static void overflow(void)
{
    volatile char *behind = (char *)object + sizeof(*object);
    *behind = 1;
    pond_put(letters, object);
}

static void leftover(void)
{
    object->length = 77;
    pond_put(letters, object);
}

static void use_after_put(void)
{
    volatile char *volatile text = object->text;
    pond_put(letters, object);
    text[3] = 'x';
    object = pond_get(letters);
}

static void use_before_tick(void)
{
    volatile char *volatile text = object->text;
    pond_put(letters, object);
    text[3] = 'x';
    pond_epoch_advance();
}

static void grown(void)
{
    object->text[0] = 'l';
    pond_put(letters, object);
}

static void hold(void)
{
    for (int i = 0; i < 4; i++)
        pond_epoch_advance();
}

static void destroy_with_live_objects(void)
{
    must(pond_destroy(letters) == -1, "destroyed");
}

static void use_destroyed(void)
{
    pond_put(letters, object);
    must(pond_destroy(letters) == 0, "pond_destroy");
    must(pond_get(letters) == NULL, "a get");
}

static void unknown_word(void)
{
    must(pond_debug_set("full,doubel,posion,redzoned,log") == -1, "pond_debug_set");
}

static const struct misuse {
    const char *word, *name;
    void (*body)(void);
    const char *words; /* besides fast and full */
} misuses[] = {
    {"double", "a double put", double_put, ""},
    {"tag", "a put into another pond", foreign_put, ""},
    {"tag", "a discard of what is no object", wild_discard, ""},
    {"redzone", "an overflow", overflow, ""},
    {"reset", "a field left behind", leftover, ",reset"},
    {"poison", "a write after put", use_after_put, ",poison"},
    {"poison", "a write after put, seen at a tick", use_before_tick, ",poison"},
    {"grow", "an object that has grown", grown, ",grow"},
    {"hold", "an object held for long", hold, ",hold=1"},
    {"leak", "live objects when a pond is destroyed", destroy_with_live_objects, ""},
    {"destroyed", "use of a destroyed pond", use_destroyed, ""},
    {"words", "a word that is none", unknown_word, ""},
};

/* ---- how reports are heard of ---- */

static char heard[32];

static bool begins(const char *text, const char *part)
{
    while (*part != '\0' && *text == *part) {
        text++;
        part++;
    }
    return *part == '\0';
}

/* Without the C library: it takes as little of a stack as can be. */
static void hear(const pond_report *r, void *ctx)
{
    const char *text = r->text;
    (void)ctx;
    reports++;
    for (size_t i = 0; i < sizeof(heard) - 1 && r->word[i] != '\0'; i++)
        heard[i] = r->word[i];
    while (*text != '\0' && !begins(text, r->what))
        text++;
    must(*text != '\0', "%s is not in %s", r->what, r->text);
}

static void make_ponds(bool plain)
{
    pond_options o = {.name = "letters",
                      .size = sizeof(struct letter),
                      .construct = construct,
                      .reset = reset,
                      .footprint = footprint,
                      .max_footprint = 1000};
    if (plain)
        o = (pond_options){.name = "letters", .size = sizeof(struct letter)};
    letters = pond_create(&o);
    others = pond_create(&o);
    must(letters != NULL && others != NULL, "errno %d", errno);
    object = pond_get(letters);
    other = pond_get(others);
}

/* In a child: what is reported once is not again. The exit status says what was wrong. */
enum { GOOD, NOT_REPORTED = 3, TOO_MUCH, NOT_NAMED, NO_FILE };

static int of_misuse(const struct misuse *m, const char *words, bool taken)
{
    char all[64];
    (void)snprintf(all, sizeof(all), "%s%s,log", words, m->words);
    pond_on_symbol(greedy_symbolizer);
    if (taken)
        pond_on_report(hear, NULL);
    must(pond_debug_set(all) == 0, "pond_debug_set(%s)", all);
    make_ponds(false);
    uint64_t before = pond_report_count();
    size_t bytes = stack_used(m->body);
    printf("%s, %s%s: %zu bytes\n", m->name, words, taken ? ", to a handler" : "", bytes);
    fflush(stdout);
    if (pond_report_count() == before || (taken && strcmp(heard, m->word) != 0))
        return NOT_REPORTED;
    if (named == 0 && strcmp(m->word, "words") != 0)
        return NOT_NAMED;
    return bytes < CALL_MOST ? GOOD : TOO_MUCH;
}

static int in_child(int (*body)(const struct misuse *m, const char *words, bool taken),
                    const struct misuse *m, const char *words, bool taken)
{
    int status;
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0)
            _exit(NO_FILE);
        _exit(body(m, words, taken));
    }
    must(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define MISUSES (sizeof(misuses) / sizeof(misuses[0]))

static void all_misuses(const char *words, bool taken)
{
    for (size_t i = 0; i < MISUSES; i++) {
        int status = in_child(of_misuse, &misuses[i], words, taken);
        cr_assert_eq(status, GOOD, "%s, %s: %s", misuses[i].name, words,
                     status == TOO_MUCH       ? "it takes too much"
                     : status == NOT_REPORTED ? "it is not reported"
                     : status == NOT_NAMED    ? "nobody asked for a name"
                                              : "it ended in another way");
    }
}

Test(little_stack, every_report_with_fast)
{
    all_misuses("fast", false);
    all_misuses("fast", true);
}

/* But for guard: an object in pages of its own traps instead. */
#define FULL "full,guard=1/1000000000"

Test(little_stack, every_report_with_full)
{
    all_misuses(FULL, false);
    all_misuses(FULL, true);
}

/* ---- in a trap ---- */

enum { BELOW = 128 << 10, ALTERNATE = 8192 };

static unsigned char *area;
static size_t handler_bytes;

static void paint_alternate(void)
{
    area = mmap(NULL, BELOW + ALTERNATE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(area != MAP_FAILED, "mmap");
    memset(area, PAINT, BELOW + ALTERNATE);
    must(sigaltstack(&(stack_t){.ss_sp = area + BELOW, .ss_size = ALTERNATE}, NULL) == 0, "sigaltstack");
}

static size_t alternate_used(void)
{
    unsigned char *at = area;
    while (at < area + BELOW + ALTERNATE && *at == PAINT)
        at++;
    return (size_t)(area + BELOW + ALTERNATE - at);
}

static void do_nothing(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info, (void)context;
}

/* What the kernel itself puts there. */
static size_t kernels_frame(void)
{
    struct sigaction action = {.sa_sigaction = do_nothing, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    paint_alternate();
    must(sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0, "raise");
    return alternate_used();
}

static void hear_greedily(const pond_report *r, void *ctx)
{
    hear(r, ctx);
    handler_bytes = take_much();
}

static int of_trap(const struct misuse *m, const char *words, bool taken)
{
    (void)m;
    volatile char *volatile text;
    size_t kernel = kernels_frame();
    pond_on_symbol(greedy_symbolizer);
    if (taken)
        pond_on_report(hear_greedily, NULL);
    must(pond_debug_set(words) == 0, "pond_debug_set(%s)", words);
    make_ponds(true);
    text = object->text;
    pond_put(letters, object);
    paint_alternate();
    must(text[3] == 0, "the object is written");
    size_t bytes = alternate_used() - kernel;
    printf("a trap, %s%s: %zu bytes besides the kernel's %zu\n", words, taken ? ", to a handler" : "", bytes,
           kernel);
    fflush(stdout);
    if (pond_report_count() != 1 || (taken && (reports != 1 || handler_bytes == 0)))
        return NOT_REPORTED;
    if (named == 0)
        return NOT_NAMED;
    return bytes < SIGNAL_MOST ? GOOD : TOO_MUCH;
}

Test(little_stack, a_trap)
{
    static const char *const words[] = {"guard,log", "full,guard=1,log", "fast,guard,stacks=0,log"};
    for (size_t i = 0; i < 6; i++) {
        int status = in_child(of_trap, NULL, words[i / 2], i % 2);
        bool stacks = strstr(words[i / 2], "stacks=0") == NULL;
        cr_assert_eq(status, stacks ? GOOD : NOT_NAMED, "%s: status %d", words[i / 2], status);
    }
}

/* ---- threads as small as the least there are ---- */

enum { LEAST = 16 << 10 }; /* musl allows less */

static void *put_twice(void *unused)
{
    (void)unused;
    double_put();
    return NULL;
}

static int on_least_stack(const struct misuse *m, const char *words, bool taken)
{
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    pthread_attr_t attr;
    pthread_t thread;
    (void)m, (void)taken;
    pond_on_symbol(greedy_symbolizer);
    must(pond_debug_set(words) == 0, "pond_debug_set");
    make_ponds(true);
    must(pthread_attr_init(&attr) == 0 &&
             pthread_attr_setstacksize(&attr, least > LEAST ? least : LEAST) == 0,
         "attr");
    must(pthread_create(&thread, &attr, put_twice, NULL) == 0, "pthread_create");
    (void)pthread_join(thread, NULL);
    return pond_report_count() == 1 && named > 0 ? GOOD : NOT_REPORTED;
}

Test(little_stack, a_thread_with_the_least_there_is)
{
    cr_assert_eq(in_child(on_least_stack, NULL, "fast,log", false), GOOD);
    cr_assert_eq(in_child(on_least_stack, NULL, FULL ",log", false), GOOD);
}

/* ---- handlers that leave ---- */

static jmp_buf out;

static void leave(const pond_report *r, void *ctx)
{
    (void)r, (void)ctx;
    reports++;
    longjmp(out, 1);
}

static size_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    must(file != NULL && fscanf(file, "%lu", &pages) == 1, "statm");
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* They find their stack as they know it, and what the report lay in is used again. */
static int left_often(const struct misuse *m, const char *words, bool taken)
{
    (void)m, (void)words, (void)taken;
    volatile size_t before = 0;
    pond_on_report(leave, NULL);
    must(pond_debug_set("double,stacks=0") == 0, "pond_debug_set");
    make_ponds(true);
    void *volatile again = object;
    pond_put(letters, object);
    for (volatile unsigned i = 0; i < 200; i++) {
        if (i == 3)
            before = mapped_bytes();
        if (setjmp(out) == 0)
            pond_put(letters, again);
    }
    printf("%zu bytes more\n", mapped_bytes() - before);
    return reports != 200 ? NOT_REPORTED : mapped_bytes() - before < (1 << 20) ? GOOD : TOO_MUCH;
}

Test(little_stack, nothing_is_lost_when_a_handler_is_left)
{
    cr_assert_eq(in_child(left_often, NULL, "", true), GOOD);
}
