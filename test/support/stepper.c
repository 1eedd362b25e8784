/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "stepper.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

/* ---- what the other thread does meanwhile ---- */

enum { MOST_YIELDS = 20000 };

static struct {
    sem_t news;       /* it has come to an end, or is blocked */
    atomic_bool on;   /* a thread is held while another does something */
    atomic_bool told; /* that it is blocked */
    atomic_bool ended;
    atomic_uint naps, yields;
    unsigned patience;
} other;

static _Thread_local bool is_stepped;

/* Defined where the test is linked with --wrap. */
#define REAL __attribute__((weak))
REAL int __real_pthread_mutex_lock(pthread_mutex_t *m);
REAL int __real_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
REAL extern char library_text_start[], library_text_end[];

/* A test that does not step may wrap some of these itself. */
#define OWN __attribute__((weak))
OWN int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
OWN int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
OWN void __wrap_os_nap(void);
OWN void __wrap_os_yield(void);

static bool is_other(void)
{
    return atomic_load(&other.on) && !is_stepped;
}

static void tell_blocked(void)
{
    if (!atomic_exchange(&other.told, true))
        sem_post(&other.news);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
    if (!is_other())
        return __real_pthread_mutex_lock(m);
    if (pthread_mutex_trylock(m) == 0)
        return 0;
    tell_blocked();
    return __real_pthread_mutex_lock(m);
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    if (is_other())
        tell_blocked();
    return __real_pthread_cond_wait(c, m);
}

/* Counted on until there were too many; then the other thread has been let go, and needs the processor. */
static void pass_time(atomic_uint *count, unsigned most)
{
    if (is_other() && !atomic_load(&other.told) && atomic_fetch_add(count, 1) < most)
        return;
    if (is_other())
        tell_blocked();
    sched_yield();
}

void __wrap_os_nap(void)
{
    atomic_store(&other.yields, 0);
    pass_time(&other.naps, other.patience);
}

void __wrap_os_yield(void)
{
    pass_time(&other.yields, MOST_YIELDS);
}

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0)
        ;
}

void stepper_meanwhile(unsigned patience)
{
    other.patience = patience;
    atomic_store(&other.naps, 0);
    atomic_store(&other.yields, 0);
    atomic_store(&other.told, false);
    atomic_store(&other.ended, false);
    atomic_store(&other.on, true);
}

void stepper_done(void)
{
    atomic_store(&other.ended, true);
    sem_post(&other.news);
}

bool stepper_ended(void)
{
    wait_for(&other.news);
    return atomic_load(&other.ended);
}

void stepper_no_longer(void)
{
    atomic_store(&other.on, false);
    while (sem_trywait(&other.news) == 0)
        ;
}

void stepper_forked(void)
{
    atomic_store(&other.on, false);
}

/* ---- the thread that is held ---- */

#if STEPPER_WORKS

enum { PASS, FIND, HOLD, ODD };

enum { TEXT_MOST = 1 << 20, BREAKPOINT = 0xcc, TRAP_FLAG = 0x100 };

static struct {
    sem_t news, go; /* it is held or has ended; it may go on */
    atomic_bool held;
    int mode;
    /* FIND */
    place *places;
    size_t most, found, steps;
    uint32_t visits;
    uint32_t visit[TEXT_MOST];
    size_t last; /* offset of the instruction passed last: a repeated one is one place */
    /* HOLD */
    place where;
    void (*act)(void); /* instead of being held */
    uint32_t passed;
    unsigned char instruction; /* the byte under the breakpoint */
    bool over;                 /* it steps over that instruction */
    /* ODD */
    const uintptr_t *word;
    size_t odd, odd_wanted;
} step;

static unsigned char *text_at(size_t offset)
{
    return (unsigned char *)library_text_start + offset;
}

const void *stepper_address(place where)
{
    return text_at(where.offset);
}

static void set_breakpoint(void)
{
    step.instruction = *text_at(step.where.offset);
    *text_at(step.where.offset) = BREAKPOINT;
}

static void clear_breakpoint(void)
{
    if (step.instruction != 0)
        *text_at(step.where.offset) = step.instruction;
    step.instruction = 0;
}

static void hold(void)
{
    atomic_store(&step.held, true);
    sem_post(&step.news);
    wait_for(&step.go);
}

/* Inline comparison, for the library's memset would be stepped through as well. */
static void look(size_t offset)
{
    step.steps++;
    if (offset == step.last)
        return;
    step.last = offset;
    uint32_t visit = ++step.visit[offset];
    if (visit <= step.visits && step.found < step.most)
        step.places[step.found++] = (place){(uint32_t)offset, visit};
}

static void stepped(ucontext_t *at)
{
    greg_t *registers = at->uc_mcontext.gregs;
    size_t offset = (size_t)(registers[REG_RIP] - (greg_t)(uintptr_t)library_text_start);
    bool inside = offset < (size_t)(library_text_end - library_text_start);
    if (step.over) {
        step.over = false;
        set_breakpoint();
        registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    } else if (step.mode == FIND && inside) {
        look(offset);
    } else if (step.mode == FIND) {
        step.last = TEXT_MOST;
    } else if (step.mode == ODD && inside && (__atomic_load_n(step.word, __ATOMIC_RELAXED) & 1) != 0) {
        if (++step.odd == step.odd_wanted)
            hold();
    }
}

/* At the breakpoint, which is gone when the thread goes on, or until it has stepped over the instruction. */
static void came_by(ucontext_t *at)
{
    greg_t *registers = at->uc_mcontext.gregs;
    registers[REG_RIP]--;
    clear_breakpoint();
    if (++step.passed == step.where.visit) {
        if (step.act != NULL)
            step.act();
        else
            hold();
        return;
    }
    step.over = true;
    registers[REG_EFL] |= TRAP_FLAG;
}

static void trapped(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    ucontext_t *at = (ucontext_t *)context;
    greg_t *rip = &at->uc_mcontext.gregs[REG_RIP];
    (void)signal, (void)info;
    if (!is_stepped)
        (*rip)--; /* its processor still saw the breakpoint, which is gone */
    else if (step.instruction != 0 && (uintptr_t)*rip == (uintptr_t)text_at(step.where.offset) + 1)
        came_by(at);
    else
        stepped(at);
    errno = saved;
}

void stepper_open(void)
{
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
    size_t bytes = (size_t)(library_text_end - library_text_start);
    sigemptyset(&action.sa_mask);
    must(sigaction(SIGTRAP, &action, NULL) == 0, "errno %d", errno);
    must(bytes > 0 && bytes < TEXT_MOST, "%zu bytes of library", bytes);
    must(mprotect(library_text_start, bytes, PROT_READ | PROT_WRITE | PROT_EXEC) == 0, "errno %d", errno);
    sem_init(&step.news, 0, 0);
    sem_init(&step.go, 0, 0);
    sem_init(&other.news, 0, 0);
}

void stepper_find(place *places, size_t most, uint32_t visits)
{
    step.mode = FIND;
    step.places = places;
    step.most = most;
    step.visits = visits;
    step.found = step.steps = 0;
    step.last = TEXT_MOST;
    memset(step.visit, 0, sizeof step.visit);
}

size_t stepper_found(size_t *steps)
{
    *steps = step.steps;
    return step.found;
}

void stepper_hold_at(place where)
{
    step.mode = HOLD;
    step.where = where;
    step.act = NULL;
    step.passed = 0;
}

void stepper_interrupt_at(place where, void (*act)(void))
{
    stepper_hold_at(where);
    step.act = act;
}

void stepper_pass(void)
{
    step.mode = PASS;
}

bool stepper_wait(void)
{
    wait_for(&step.news);
    return atomic_load(&step.held);
}

void stepper_go(void)
{
    atomic_store(&step.held, false);
    sem_post(&step.go);
}

/* The flags are changed on the stack below the red zone. */
static inline void trap_on(void)
{
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp"
        :
        :
        : "cc", "memory");
}

static inline void trap_off(void)
{
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp"
        :
        :
        : "cc", "memory");
}

void stepper_begin(void)
{
    is_stepped = true;
    step.over = false;
    if (step.mode == HOLD)
        set_breakpoint();
    else if (step.mode == FIND)
        trap_on();
}

void stepper_end(void)
{
    trap_off();
    clear_breakpoint();
    step.mode = PASS;
    sem_post(&step.news);
}

size_t stepper_hold_at_odd(const uintptr_t *word, size_t n, void (*body)(void *arg), void *arg)
{
    int mode = step.mode;
    is_stepped = true;
    step.word = word;
    step.odd = 0;
    step.odd_wanted = n;
    step.mode = ODD;
    trap_on();
    body(arg);
    trap_off();
    step.mode = mode;
    return step.odd;
}

#else

/* For the linker: nothing but stepper_open and stepper_hold_at_odd is called where STEPPER_WORKS is 0. */
#define NOT_CALLED abort()
void stepper_open(void) {}

void stepper_find(place *places, size_t most, uint32_t visits)
{
    (void)places, (void)most, (void)visits;
    NOT_CALLED;
}

size_t stepper_found(size_t *steps)
{
    (void)steps;
    NOT_CALLED;
}

void stepper_hold_at(place where)
{
    (void)where;
    NOT_CALLED;
}

void stepper_interrupt_at(place where, void (*act)(void))
{
    (void)where, (void)act;
    NOT_CALLED;
}

void stepper_pass(void)
{
    NOT_CALLED;
}

bool stepper_wait(void)
{
    NOT_CALLED;
}

void stepper_go(void)
{
    NOT_CALLED;
}

const void *stepper_address(place where)
{
    (void)where;
    NOT_CALLED;
}

void stepper_begin(void)
{
    NOT_CALLED;
}

void stepper_end(void)
{
    NOT_CALLED;
}

/* Nothing is held here. */
size_t stepper_hold_at_odd(const uintptr_t *word, size_t n, void (*body)(void *arg), void *arg)
{
    (void)word, (void)n;
    body(arg);
    return 0;
}
#endif
