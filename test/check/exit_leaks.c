/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The word `leak` at exit: an object that nothing leads to is an error. One that anything leads to is none,
 * and the program's status stays its own.
 */
#include "test.h"

#include <fcntl.h>
#include <pond/debug.h>
#include <pond/typed.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(exit_leaks, .timeout = TEST_ALARM);

#define APART __attribute__((noinline))

struct item {
    struct item *other;
    char more[56];
};

static pond *items;
static void *volatile kept; /* written for the library alone to find */
static __thread void *volatile kept_by_thread;

/* ---- a process that ends ---- */

enum { STATUS = 7 };

/* Nothing of what was called before stays on the stack by chance. */
static APART void wipe_stack(void)
{
    volatile char bytes[12 << 10];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = 0;
}

static APART void *take(void)
{
    return pond_get(items);
}

static char said[16384];

/* What a child's stderr says until all that have it are gone. */
static void hear(int from)
{
    size_t length = 0;
    for (ssize_t n; (n = read(from, said + length, sizeof(said) - 1 - length)) > 0;)
        length += (size_t)n;
    said[length] = 0;
    (void)close(from);
}

/* Its status, as from waitpid. */
static int ended(const char *words, void (*what)(void))
{
    int ends[2], status;
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        must(dup2(ends[1], STDERR_FILENO) >= 0 && close(ends[0]) == 0 && close(ends[1]) == 0, "stderr");
#if !defined(TEST_TSAN) /* which, told of an object, remembers its address */
        must(unsetenv("POND_DEBUG") == 0, "unsetenv");
#endif
        must(pond_debug_set(words) == 0, "words");
        items = pond_create(&(pond_options){.name = "items", .size = sizeof(struct item)});
        what();
        wipe_stack();
        exit(STATUS);
    }
    (void)close(ends[1]);
    hear(ends[0]);
    must(waitpid(child, &status, 0) == child, "waitpid");
    return status;
}

static bool is_own(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == STATUS;
}

#define EXPECT_SAID(text) cr_expect_not_null(strstr(said, text), "not \"%s\" but: %s", text, said)

/* How many of n settings of the words are tried. ThreadSanitizer takes a second for each child, all of whose
 * shadow is looked through, and one of them shows it what the search does. */
#if defined(TEST_TSAN)
#define SETTINGS(words) 1
#else
#define SETTINGS(words) (sizeof(words) / sizeof((words)[0]))
#endif

/* Each with the words that matter; those of a set say nothing of what is kept. */
static void expect_kept(void (*what)(void), const char *line)
{
    static const char *const words[] = {"leak=1", "fast,leak=1", "full,leak=1", "guard=1,leak=1"};
    for (size_t i = 0; i < SETTINGS(words); i++) {
        int status = ended(words[i], what);
        cr_expect(is_own(status), "%s: status %#x: %s", words[i], (unsigned)status, said);
        EXPECT_SAID(line);
    }
    int status = ended("fast", what);
    cr_expect(is_own(status) && said[0] == 0, "status %#x: %s", (unsigned)status, said);
}

/* AddressSanitizer may keep the frames of functions that have returned, with all that was in them. */
static bool frames_stay(void)
{
#if defined(TEST_ASAN)
    const char *options = getenv("ASAN_OPTIONS");
    return options != NULL && strstr(options, "detect_stack_use_after_return=1") != NULL;
#else
    return false;
#endif
}

static void expect_lost(void (*what)(void), const char *line)
{
    if (frames_stay())
        cr_skip("dead frames lead to objects");
    static const char *const words[] = {"leak", "fast", "full", "guard=1,leak"};
    for (size_t i = 0; i < SETTINGS(words); i++) {
        int status = ended(words[i], what);
        cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%s: status %#x: %s", words[i],
                  (unsigned)status, said);
        EXPECT_SAID(line);
    }
    int status = ended("leak,log", what);
    cr_expect(is_own(status), "log: status %#x: %s", (unsigned)status, said);
    EXPECT_SAID(line);
}

#define LOST(n, s) "pond: leak: " #n " object" s " live at exit that nothing leads to"
#define KEPT(n, s) "pond: leak: " #n " object" s " live at exit "

/* ---- lost ---- */

static APART void lose_three(void)
{
    for (int i = 0; i < 3; i++)
        (void)!take();
}

Test(exit_leaks, what_nobody_knows_is_lost)
{
    expect_lost(lose_three, LOST(3, "s"));
    EXPECT_SAID("of pond \"items\"");
}

static APART void lose_a_ring(void)
{
    struct item *a = take(), *b = take();
    a->other = b;
    b->other = a;
}

Test(exit_leaks, what_only_lost_objects_know_is_lost)
{
    expect_lost(lose_a_ring, LOST(2, "s"));
}

static APART void know_by_an_idle_one(void)
{
    struct item *a = take(), *b = take();
    a->other = b;
    kept = a;
    pond_put(items, a);
}

Test(exit_leaks, what_only_an_idle_object_knows_is_lost)
{
    expect_lost(know_by_an_idle_one, LOST(1, ""));
}

/* The pond's own memory has pointers, too: to idle objects, to where slabs begin. */
static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

static APART void lose_after_a_hook(void)
{
    pond *p = pond_create(&(pond_options){.name = "sockets", .size = sizeof(struct item), .reset = reset});
    must(p != NULL, "errno %d", errno);
    pond_put(p, pond_get(p));
    must(pond_get(p) != NULL, "errno %d", errno);
}

/* Where a thread notes its hooks nothing of it is left. */
Test(exit_leaks, a_hook_that_has_run_keeps_no_object)
{
    expect_lost(lose_after_a_hook, LOST(1, ""));
    EXPECT_SAID("of pond \"sockets\"");
}

static APART void lose_the_first(void)
{
    void *objs[40];
    must(pond_get_many(items, objs, 40) == 40, "objects");
    pond_put_many(items, objs + 1, 39);
    pond_epoch_advance();
    memset(objs, 0, sizeof(objs));
    __asm__ volatile("" : : "r"(objs) : "memory");
}

Test(exit_leaks, a_slab_does_not_keep_its_first_object)
{
    expect_lost(lose_the_first, LOST(1, ""));
}

/* ---- kept ---- */

static APART void keep_in_a_global(void)
{
    kept = take();
}

static APART void keep_an_interior(void)
{
    kept = (char *)take() + sizeof(struct item) - 1;
}

static APART void keep_in_heap(void)
{
    void **list = malloc(300 * sizeof(void *));
    list[250] = take();
    kept = list;
}

static APART void keep_in_mapping(void)
{
    char *bytes = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(void **)(void *)(bytes + (777 << 10)) = take();
    must(mprotect(bytes, 1 << 20, PROT_READ) == 0, "mprotect");
}

static APART void keep_in_shared(void)
{
    char *bytes = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *(void **)(void *)(bytes + (777 << 10)) = take();
}

static APART void keep_in_tls(void)
{
    kept_by_thread = take();
}

static APART void keep_on_the_stack(void)
{
    void *volatile here = take();
    wipe_stack();
    exit(here == NULL ? 1 : STATUS);
}

static APART void keep_in_epoll(void)
{
    int ends[2], set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = take()};
    must(pipe(ends) == 0 && epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0, "epoll");
    event.data.ptr = NULL;
    __asm__ volatile("" : : "r"(&event) : "memory");
}

Test(exit_leaks, what_memory_leads_to_is_kept)
{
    expect_kept(keep_in_a_global, KEPT(1, "") "is kept: pond \"items\"");
    expect_kept(keep_an_interior, KEPT(1, "") "is kept");
    expect_kept(keep_in_heap, KEPT(1, "") "is kept");
    expect_kept(keep_in_mapping, KEPT(1, "") "is kept");
    expect_kept(keep_in_shared, KEPT(1, "") "is kept");
    expect_kept(keep_in_tls, KEPT(1, "") "is kept");
    expect_kept(keep_on_the_stack, KEPT(1, "") "is kept");
    expect_kept(keep_in_epoll, KEPT(1, "") "is kept");
}

static APART void keep_a_chain(void)
{
    struct item *last = take();
    kept = last;
    for (int i = 0; i < 5; i++)
        last = last->other = take();
    last->other = NULL;
}

Test(exit_leaks, what_live_objects_lead_to_is_kept)
{
    expect_kept(keep_a_chain, KEPT(6, "s") "are kept");
}

/* ---- other threads ---- */

static pthread_barrier_t there;

static void *hold_on_stack(void *arg)
{
    void *volatile here = take();
    wipe_stack();
    (void)pthread_barrier_wait(&there);
    for (;;)
        (void)pause();
    return here == arg ? arg : NULL;
}

static void *hold_in_tls(void *arg)
{
    kept_by_thread = take();
    wipe_stack();
    (void)pthread_barrier_wait(&there);
    for (;;)
        (void)pause();
    return arg;
}

static APART void run_beside(void *(*body)(void *))
{
    pthread_t thread;
    must(pthread_barrier_init(&there, NULL, 2) == 0, "barrier");
    must(pthread_create(&thread, NULL, body, NULL) == 0, "thread");
    (void)pthread_barrier_wait(&there);
}

static void keep_on_another_stack(void)
{
    run_beside(hold_on_stack);
}

static void keep_in_anothers_tls(void)
{
    run_beside(hold_in_tls);
}

Test(exit_leaks, what_other_threads_know_is_kept)
{
    expect_kept(keep_on_another_stack, KEPT(1, "") "is kept");
    expect_kept(keep_in_anothers_tls, KEPT(1, "") "is kept");
}

/* Nothing but a register has it, and the thread never stands still. */
#if defined(__x86_64__) && !TEST_SANITIZED
static void *hold_in_register(void *arg)
{
    (void)pthread_barrier_wait(&there);
    void *obj = take();
    wipe_stack();
    kept = NULL;
    __asm__ volatile("mov %0, %%r12\n\t"
                     "xor %k0, %k0\n\t"
                     "movl $1, %1\n"
                     "1: pause\n\t"
                     "jmp 1b"
                     : "+r"(obj)
                     : "m"(*(volatile int *)arg)
                     : "r12", "memory");
    return NULL;
}

static volatile int holds;

static APART void keep_in_a_register(void)
{
    pthread_t thread;
    must(pthread_barrier_init(&there, NULL, 2) == 0, "barrier");
    must(pthread_create(&thread, NULL, hold_in_register, (void *)(uintptr_t)&holds) == 0, "thread");
    (void)pthread_barrier_wait(&there);
    while (holds == 0)
        (void)usleep(0);
}

Test(exit_leaks, what_a_register_of_another_thread_has_is_kept)
{
    expect_kept(keep_in_a_register, KEPT(1, "") "is kept");
}
#endif

static void lose_beside_a_thread(void)
{
    run_beside(hold_on_stack);
    lose_three();
}

Test(exit_leaks, what_is_lost_is_found_beside_other_threads)
{
    expect_lost(lose_beside_a_thread, LOST(3, "s"));
}

/* One object goes round and round, in registers, on the heap and in another object. */
static void *pass_around(void *arg)
{
    void *volatile *heap = malloc(sizeof(*heap));
    struct item *from = take(), *to = take();
    struct item *round = take();
    (void)pthread_barrier_wait(&there);
    for (;;) {
        *heap = round;
        round = NULL;
        __asm__ volatile("" : "+r"(round) : : "memory");
        from->other = *heap;
        *heap = NULL;
        to->other = from->other;
        from->other = NULL;
        round = to->other;
        to->other = NULL;
    }
    return arg;
}

static void keep_on_its_way(void)
{
    run_beside(pass_around);
}

Test(exit_leaks, what_is_on_its_way_is_kept)
{
    for (int i = 0; i < TEST_TIMES(16); i++) {
        int status = ended("leak=1", keep_on_its_way);
        cr_expect(is_own(status), "status %#x: %s", (unsigned)status, said);
        EXPECT_SAID(KEPT(3, "s") "are kept");
    }
}

/* ---- objects that create made ---- */

struct made {
    char front[16];
    struct item links;
};

POND_TYPE(made_type, struct made, POND_POINTER(links.other));

static void *make(void *ctx)
{
    (void)ctx;
    return calloc(1, sizeof(struct made));
}

static void unmake(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static pond *creating(const pond_type *type)
{
    return pond_create(&(pond_options){.name = "created", .create = make, .destroy = unmake, .type = type});
}

static APART void keep_created(void)
{
    struct made *m = pond_get(creating(NULL));
    kept = &m->links; /* an interior pointer */
}

static APART void keep_by_created(void)
{
    struct made *m = pond_get(creating(&made_type));
    m->links.other = take();
    kept = m;
}

static APART void lose_by_created(void)
{
    struct made *m = pond_get(creating(&made_type));
    m->links.other = take();
    m->links.other->other = &m->links; /* a ring */
}

/* What malloc gave is a sanitizer's, too: it remembers it, or reports it. */
#if TEST_SANITIZED
#define expect_lost_memory(what, line) ((void)(what))
#else
#define expect_lost_memory expect_lost
#endif

static APART void lose_created(void)
{
    (void)!pond_get(creating(&made_type));
}

Test(exit_leaks, what_create_made_is_kept_and_lost_likewise)
{
    expect_kept(keep_created, KEPT(1, "") "is kept: pond \"created\"");
    expect_kept(keep_by_created, KEPT(1, "") "is kept: pond \"items\"");
    expect_lost_memory(lose_created, LOST(1, ""));
    expect_lost_memory(lose_by_created, LOST(1, ""));
}

/* ---- forks ---- */

static APART void lose_one(void)
{
    (void)!take();
}

static void do_nothing(void) {}

/* The status of a process whose parent, with status own, has ended before it. */
static int status_of_orphan(void)
{
    int status, orphans = 0;
    for (pid_t orphan; (orphan = waitpid(-1, &status, 0)) > 0;)
        orphans++;
    must(orphans == 1, "%d orphans", orphans);
    return status;
}

static void expect_aborted(int status)
{
    cr_expect(WTERMSIG(status) == SIGABRT, "status %#x: %s", (unsigned)status, said);
}

static void wait_for_parents_end(pid_t parent)
{
    sigset_t end;
    int number;
    (void)sigemptyset(&end);
    (void)sigaddset(&end, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &end, NULL);
    must(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0, "prctl");
    while (getppid() == parent)
        must(sigwait(&end, &number) == 0, "sigwait");
}

/* It hands over what it has, all of which it has forgotten. */
static APART void hand_over(void (*before)(void))
{
    before();
    wipe_stack();
    pid_t parent = getpid(), heir = fork();
    must(heir >= 0, "fork");
    if (heir == 0)
        wait_for_parents_end(parent);
}

static void hand_over_what_is_lost(void)
{
    hand_over(lose_three);
}

static void hand_over_what_is_kept(void)
{
    hand_over(keep_in_a_global);
}

static void use_what_was_handed_over(void)
{
    hand_over(lose_three);
    pond_put(items, take());
}

Test(exit_leaks, a_daemon_tells_what_it_lost_and_its_parent_does_not)
{
    if (frames_stay())
        cr_skip("dead frames lead to objects");
    must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl");
    cr_expect(is_own(ended("leak", hand_over_what_is_lost)), "%s", said);
    expect_aborted(status_of_orphan());
    EXPECT_SAID(LOST(3, "s"));
    cr_expect(is_own(ended("leak", use_what_was_handed_over)), "while it has a child: %s", said);
    expect_aborted(status_of_orphan());
    cr_expect(is_own(ended("leak", hand_over_what_is_kept)), "%s", said);
    cr_expect(is_own(status_of_orphan()) && said[0] == 0, "%s", said);
}

static APART void exit_with_what_was_got_before(void)
{
    void *volatile known = take();
    hand_over(do_nothing);
    must(known != NULL, "there is none");
    exit(STATUS);
}

static APART void exit_with_what_was_got_since(void)
{
    hand_over(do_nothing);
    void *volatile known = take();
    must(known != NULL, "there is none");
    exit(STATUS);
}

Test(exit_leaks, what_only_frames_know_is_kept_unless_it_was_got_before_a_fork)
{
    if (frames_stay())
        cr_skip("dead frames lead to objects");
    must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl");
    cr_expect(is_own(ended("leak", exit_with_what_was_got_since)), "%s", said);
    cr_expect(is_own(status_of_orphan()) && said[0] == 0, "%s", said);
    cr_expect(is_own(ended("leak", exit_with_what_was_got_before)), "%s", said);
    expect_aborted(status_of_orphan());
    EXPECT_SAID(LOST(1, ""));
}

static APART int fork_and_wait(void (*in_child)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        in_child();
        wipe_stack();
        exit(STATUS);
    }
    must(waitpid(child, &status, 0) == child, "waitpid");
    return status;
}

/* The parent has forgotten the object, too, but has got another one since: it is its own to tell. */
static void lose_before_a_worker(void)
{
    lose_one();
    wipe_stack();
    if (!is_own(fork_and_wait(do_nothing)))
        _exit(1);
    keep_in_a_global();
}

Test(exit_leaks, a_worker_does_not_tell_of_what_its_parent_has)
{
    expect_lost(lose_before_a_worker, LOST(1, ""));
}

static void lose_in_a_worker(void)
{
    keep_in_a_global();
    int status = fork_and_wait(lose_three);
    must(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "the worker's status is %#x", (unsigned)status);
}

Test(exit_leaks, a_worker_tells_of_its_own)
{
    if (frames_stay())
        cr_skip("dead frames lead to objects");
    cr_expect(is_own(ended("leak", lose_in_a_worker)), "%s", said);
    EXPECT_SAID(LOST(3, "s"));
}
