/* Objects that leave their function, and by which way. */
/* clang-format off */
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

struct conn {
    struct conn *next;
    char *buffer;
    struct {
        int *counter;
    } stats;
};
static struct conn *all;
static struct conn *table[16];
static uintptr_t number;
extern void elsewhere(void *p);
extern void elsewhere_too(struct conn *c, int n);
extern void (*hook)(void *p);

int *returned(int n)
{
    int *p = malloc(sizeof *p); //~ malloc is returned at line +3: see the callers of returned
    if (p != NULL)
        *p = n;
    return p;
}

void stored_in_a_global(void)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc escapes: stored in all at line +3
    if (c != NULL)
        c->next = all;
    all = c;
}

void stored_in_a_table(unsigned n)
{
    struct conn *c = malloc(sizeof *c); //~ malloc escapes: stored in table[] at line +1
    table[n % 16] = c;
}

void stored_in_a_field(struct conn *c)
{
    char *p = malloc(10); //~ malloc escapes: stored in c->buffer at line +1
    c->buffer = p;
}

void stored_deeper(struct conn *c)
{
    int *p = malloc(sizeof *p); //~ malloc escapes: stored in c->next->stats.counter at line +1
    c->next->stats.counter = p;
}

void stored_by_the_caller_s_pointer(int **out)
{
    *out = malloc(sizeof **out); //~ malloc escapes: stored in *out at line +0
}

static void keep(struct conn *c)
{
    c->next = all;
    all = c;
}
void passed_to_one_that_keeps(void)
{
    struct conn *c = malloc(sizeof *c); //~ malloc escapes: passed to keep at line +2, where it is stored in all at line -4
    if (c != NULL)
        keep(c);
}

static void keep_buffer(struct conn *c) { all->buffer = c->buffer; }
void passed_inside_another(void)
{
    struct conn c = {0};
    c.buffer = malloc(10); //~ malloc escapes: in memory passed to keep_buffer at line +1, where it is stored in all->buffer at line -4
    keep_buffer(&c);
}

void passed_to_the_unknown(void)
{
    int *p = malloc(sizeof *p); //~ malloc may escape: passed to elsewhere (unknown) at line +1
    elsewhere(p);
    free(p);
}

void first_of_two_ways(void)
{
    struct conn *c = malloc(sizeof *c); //~ malloc may escape: passed to elsewhere_too (unknown) at line +1
    elsewhere_too(c, 1);
    elsewhere(c);
    free(c);
}

void the_worse_of_two_ways(void)
{
    struct conn *c = malloc(sizeof *c); //~ malloc escapes: stored in all at line +2
    elsewhere(c);
    all = c;
}

void through_a_pointer(void)
{
    int *p = malloc(sizeof *p); //~ malloc may escape: passed to what hook points to (unknown) at line +1
    hook(p);
    free(p);
}

static void *work(void *p)
{
    free(p);
    return NULL;
}
void to_another_thread(void)
{
    pthread_t t;
    int *p = malloc(sizeof *p); //~ malloc escapes: handed to another thread at line +1
    if (pthread_create(&t, NULL, work, p) == 0)
        pthread_join(t, NULL);
}

struct conn *inside_what_is_returned(void)
{
    struct conn *c = malloc(sizeof *c); //~ malloc is returned at line +4: see the callers of inside_what_is_returned
    if (c != NULL)
        c->buffer = malloc(5); //~ malloc escapes: stored in c->buffer at line +0, which is returned at line +2

    return c;
}

struct pair {
    int *a, *b, *c;
};
struct pair in_a_structure_that_is_returned(void)
{
    struct pair p = {0};
    p.b = malloc(sizeof(int)); //~ malloc escapes: stored in the result at line +0
    return p;
}

static struct conn *slot;
void stored_atomically(void)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc escapes: stored in slot at line +1
    __atomic_store_n(&slot, c, __ATOMIC_RELEASE);
}

void exchanged(void)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc escapes: stored in slot at line +1
    free(__atomic_exchange_n(&slot, c, __ATOMIC_ACQ_REL));
}

void stored_as_a_number(void)
{
    int *p = malloc(sizeof *p); //~ malloc escapes: stored in number at line +1
    number = (uintptr_t)p ^ 1;
}

uintptr_t returned_as_a_number(void)
{
    int *p = malloc(sizeof *p); //~ malloc may escape: returned as a number at line +1
    return (uintptr_t)p + 1;
}

static void collect(int n, ...)
{
    va_list list;
    va_start(list, n);
    all = va_arg(list, struct conn *);
    va_end(list);
}
void among_variable_arguments(void)
{
    struct conn *c = malloc(sizeof *c); //~ malloc may escape: passed to collect among its variable arguments at line +1
    collect(1, c);
}

void kept_by_the_library(char *line)
{
    char *p = strdup(line); //~ strdup may escape: passed to strtok (unknown) at line +1
    strtok(p, " ");
    free(p);
}

void kept_by_the_kernel(int set, int fd)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc may escape: stored in e.data at line +1, which is passed to epoll_ctl (unknown) at line +2
    struct epoll_event e = {EPOLLIN, {.ptr = c}};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

void copied_with_its_memory(struct conn *to)
{
    struct conn c = {0};
    c.buffer = malloc(9); //~ malloc escapes: stored in to->buffer at line +1
    memcpy(to, &c, sizeof c);
}

void copied_byte_by_byte(struct conn *to)
{
    struct conn c = {0};
    c.buffer = malloc(9); //~ malloc escapes: stored in *to at line +2
    for (size_t n = 0; n < sizeof c; n++)
        ((char *)to)[n] = ((char *)&c)[n];
}

static void own_copy(char *to, const char *from, size_t n)
{
    while (n-- > 0)
        *to++ = *from++;
}
void copied_by_another_byte_by_byte(struct conn *to)
{
    struct conn c = {0};
    c.buffer = malloc(9); //~ malloc escapes: passed to own_copy at line +1, where it is stored in *to at line -5
    own_copy((char *)to, (const char *)&c, sizeof c);
}

void two_steps_of_holders(void)
{
    struct conn a = {0}, *b = &a, **c = &b;
    a.buffer = malloc(3); //~ malloc escapes: stored in all at line +1
    all = (struct conn *)(*c)->buffer;
}

static void on_one_side(int n, struct conn *a) { n ? keep(a) : keep_buffer(a); }
static void round_about(int n, struct conn *a)
{
    if (n > 3)
        round_about(n - 1, a);
    else
        on_one_side(n, a);
}
void through_one_that_calls_itself(void)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc escapes: passed to round_about at line +1, and in the end stored in all at line -174
    round_about(9, c);
}

void into_assembly(void)
{
    int *p = malloc(sizeof *p); //~ malloc may escape: passed to assembly at line +1
    __asm__ volatile("" : : "r"(p) : "memory");
    free(p);
}

static void into(struct conn *to, char *p) { to->buffer = p; }
void stored_by_another_in_what_is_not_ours(void)
{
    char *p = malloc(4); //~ malloc escapes: passed to into at line +1, where it is stored in to->buffer at line -3
    into(all, p);
}

static void swap(struct conn *a, struct conn *b)
{
    char *p = a->buffer;
    a->buffer = b->buffer;
    b->buffer = p;
}
void exchanged_by_another(struct conn *b)
{
    struct conn a = {0};
    a.buffer = malloc(4); //~ malloc escapes: passed to swap at line +1, where it is stored in b->buffer at line -5
    swap(&a, b);
}

void wild(void)
{
    int *p = malloc(sizeof *p); //~ malloc escapes: stored in memory that is not this function's at line +1
    *(int **)(uintptr_t)0x1000 = p;
}

__attribute__((weak)) void replaceable(int *p) { *p = 1; }
void passed_to_a_weak_function(void)
{
    int *p = malloc(sizeof *p); //~ malloc may escape: passed to replaceable (unknown) at line +1
    replaceable(p);
    free(p);
}

extern ssize_t write(int fd, const void *from, size_t n);
void through_a_pipe(int fd)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc may escape: stored in c at line +0, which is written out by write at line +1
    write(fd, &c, sizeof c);
}

static void tell(int fd, struct pair *p) { write(fd, p, sizeof *p); }
void through_a_pipe_by_another(int fd)
{
    struct pair p = {0};
    p.c = malloc(sizeof *p.c); //~ malloc may escape: stored in p.c at line +0, which is passed to tell at line +1, where it is written out by write at line -4
    tell(fd, &p);
}

extern int send(struct conn *to, char *what, int n, int now);
void to_one_with_the_name_of_another(struct conn *to)
{
    char *p = malloc(8); //~ malloc may escape: passed to send (unknown) at line +1
    send(to, p, 8, 1);
}

__attribute__((naked)) static void bare(int *p) { __asm__("ret"); }
void to_one_in_assembly(void)
{
    int *p = malloc(sizeof *p); //~ malloc may escape: passed to bare (unknown) at line +1
    bare(p);
}

static struct {
    char kind;
    struct conn *list;
    struct conn *other;
} state;
void stored_in_a_field_of_a_global(void)
{
    struct conn *c = malloc(sizeof *c); //~ malloc escapes: stored in state.other at line +1
    state.other = c;
}

static struct conn *conn_with(char *b)
{
    struct conn *c = malloc(sizeof *c); //~ malloc is returned at line +3: see the callers of conn_with
    if (c != NULL)
        c->buffer = b;
    return c;
}
void in_what_another_makes(void)
{
    char *b = malloc(4); //~ malloc escapes: stored in memory that conn_with writes to at line +1, which is stored in all at line +1
    all = conn_with(b); //~ conn_with escapes: stored in all at line +0
}
void in_what_another_makes_that_stays(void)
{
    char *b = malloc(4); //~ malloc does not escape: could be a local variable or POND_SCOPED (4 bytes)
    struct conn *c = conn_with(b); //~ conn_with does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    free(c);
    free(b);
}

void through_a_pipe_in_a_list(int fd)
{
    struct conn *c = calloc(1, sizeof *c); //~ calloc may escape: stored in c at line +0, which is written out by writev at line +2
    struct iovec list = {&c, sizeof c};
    writev(fd, &list, 1);
}

struct wide {
    struct conn *c;
    long more[4];
};
static void tell_a_copy(int fd, struct wide w) { write(fd, &w, sizeof w); }
void through_a_pipe_in_a_copy(int fd)
{
    struct wide w = {0};
    w.c = malloc(sizeof *w.c); //~ malloc may escape: in memory passed to tell_a_copy at line +1, where it is written out by write at line -4
    tell_a_copy(fd, w);
}
