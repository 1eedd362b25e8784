/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leads to the live objects of ponds, at exit: reach.c. It is looked for in a copy of the process, made
 * while no other thread runs (apart.c), in all of its memory but the library's own (regions.c).
 */
#ifndef POND_REACH_H
#define POND_REACH_H

#include "event.h"
#include <sys/types.h>

/* ---- copies of the process, and threads that are stopped: apart.c ---- */

#define HALT_MOST 4096 /* threads */
#define HALT_SET 512   /* bytes of registers of one kind; of each thread two kinds are read */

enum halt_state {
    HALT_BEGINS,
    HALT_ASKS,    /* the kernel refuses, and may be asked to let this copy do it (Yama) */
    HALT_GRANTED, /* that was asked */
    HALT_DONE,    /* all other threads stand still; their registers are here */
    HALT_REFUSED
};

/* Lies in memory that both processes share. A state, and `over`, are stored with release and loaded with
 * acquire: whoever sees one sees what was written before it. */
struct halt {
    uint32_t state; /* enum halt_state */
    uint32_t over;  /* the threads may go on */
    pid_t process, caller;
    size_t threads, bytes;
    pid_t thread[HALT_MOST];
    unsigned char registers[HALT_MOST * 2 * HALT_SET] __attribute__((aligned(16)));
};

/*
 * Runs work(arg) in a copy of this process, which has this thread alone, and in which no signal is handled.
 * No handler of fork runs, in it or here, and nothing else of the program learns of it: no SIGCHLD is sent,
 * and waits for any child do not find it. Its number; not above 0: there is none.
 */
pid_t apart_begin(void (*work)(void *arg), void *arg);
void apart_end(pid_t copy, uint64_t milliseconds); /* waits; then it is killed */

/* Stops all other threads from a copy, *halter. False: they could not be stopped, all of them. In any case
 * halt_end follows. */
bool halt_begin(struct halt *h, pid_t *halter);
void halt_end(struct halt *h, pid_t halter);

/* For a copy: system calls that no tool stands before, which may need what another thread had. */
int apart_open(int at, const char *path);
ssize_t apart_read(int file, void *to, size_t n);

/*
 * Every entry's name of an open directory but those with a dot; false: it cannot be read, or visit said so.
 */
bool apart_list(int directory, bool (*visit)(const char *name, void *ctx), void *ctx);

/* ---- what a process's memory holds: regions.c ---- */

#define REGION_BYTES ((size_t)64 << 10)

/* Room to read into. Lies apart from what is read. */
struct regions {
    int pagemap;   /* -1: there is none */
    bool direct;   /* the kernel has no call that copies memory which may not be there */
    bool whole;    /* nothing was left out that had to be looked at */
    uint64_t most; /* bytes of mappings that are looked at yet */
    uintptr_t stack, stack_end;
    uint64_t pages[REGION_BYTES / sizeof(uint64_t)];
    unsigned char bytes[REGION_BYTES] __attribute__((aligned(16)));
};

typedef void region_visitor(uintptr_t from, uintptr_t to, bool shared, void *ctx);
typedef void word_visitor(uintptr_t word, void *ctx);

/* Each mapping that may hold pointers, in the order of addresses, but the stack of the process's first
 * thread, if `stack` lies there; *end is where it ends. False: it is not known which there are, or they are
 * too many. */
bool regions_each(struct regions *g, uintptr_t stack, uintptr_t *end, region_visitor *visit, void *ctx);

/* The words of a part of a mapping, but for pages that nobody wrote to. */
void regions_written(struct regions *g, uintptr_t from, uintptr_t to, bool shared, word_visitor *visit,
                     void *ctx);

/* The words of any memory; what cannot be read is left out. */
void regions_words(struct regions *g, uintptr_t from, uintptr_t to, word_visitor *visit, void *ctx);

/* What the program gave the kernel to keep beside files it waits for (epoll). */
void regions_waited(word_visitor *visit, void *ctx);

/* ---- reach.c ---- */

struct reach_node {
    uintptr_t start, end; /* a pointer between them leads to it */
    struct pond *pond;
    struct event got;
    uint32_t next; /* of those whose words are to be looked at yet; their number plus one */
    uint16_t forks;
    bool live;    /* else it is looked at, for it may be in somebody's hands, and not spoken of */
    bool open;    /* nobody knows where it ends */
    bool created; /* it lies in memory of the program's */
    bool reached;
    bool framed; /* from the exiting thread's frames alone */
};

#define REACH_OTHERS 256

/* Shared with the copy that looks; nodes[] follows. */
struct reach {
    size_t bytes; /* of all of this */
    uintptr_t stack;
    bool done;       /* what follows is known */
    bool got_lately; /* something was got since the last fork */
    bool full;       /* nodes[] was */
    bool frames;     /* they are looked at now; all else was */
    uintptr_t frames_end;
    size_t count, room;
    uint32_t todo; /* the first node whose words are to be looked at */
    struct reach_node *nodes;
    uintptr_t low, high, created_low, created_high; /* of nodes */
    uintptr_t others[REACH_OTHERS];                 /* numbers of units of SLAB_UNIT that are no slabs */
    struct reach_span *holes;                       /* not looked at */
    size_t hole_count, hole_room;
    struct regions regions;
    struct halt halt;
};

/*
 * Every live object of every watched pond, and whether anything leads to it. `stack`: where this thread's
 * frames begin that count. NULL: no memory; not `done`: it could not be found out. reach_end unmaps it.
 */
struct reach *reach_look(const void *stack);
void reach_end(struct reach *r);

/* By the address that each element begins with. No memory is allocated and no system call made. */
void reach_sort(void *base, size_t bytes, size_t count);

#endif
