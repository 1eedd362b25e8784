#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pond-migrate, shape by shape: each program becomes one that has these lines, compiles and, where it has a main, runs
# with every check of pond; or it is refused with these words, and not a byte of it has changed.
set -u
cd "$(dirname "$0")/../.." || exit
if ! /usr/bin/python3 -c 'import clang.cindex' 2> /dev/null; then
    echo "the Python interface of libclang is missing"
    exit 77
fi
migrate=$PWD/src/migrate/pond-migrate
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. test/support/checks.sh

# Splits stdin into files at lines "-- NAME"; the first is a.c where nothing is said.
unpack()
{
    rm -rf "$work/tree" "$work/before"
    mkdir "$work/tree"
    awk -v dir="$work/tree" 'BEGIN { file = "a.c" } /^-- / { file = $2; next } { print > (dir "/" file) }'
    cp -r "$work/tree" "$work/before"
}

# becomes NAME LINES ARGUMENT...
becomes()
{
    local name=$1 lines=$2 line status=0
    shift 2
    unpack
    (cd "$work/tree" && "$migrate" "$@" ./*.[ch] -- -D_GNU_SOURCE) > "$work/said" 2>&1 || status=1
    while read -r line; do
        cat "$work"/tree/* | grep -qF -- "$line" || { echo "no line: $line" >> "$work/said"; status=1; }
    done <<< "$lines"
    if grep -q '^int main' "$work"/tree/*.c; then
        (cd "$work/tree" && "${CC:-gcc}" -D_GNU_SOURCE -std=gnu11 -Wall -Wextra -Werror -g -I"$root/include" -o "$work/program" \
            ./*.c "$root/build/release/libpond.a" -pthread && POND_DEBUG=full "$work/program") >> "$work/said" 2>&1 || status=1
    fi
    [ $status -eq 0 ] || cat "$work"/tree/* >> "$work/said"
    report $status "$name"
}

# refuses NAME SENTENCE ARGUMENT...
refuses()
{
    local name=$1 sentence=$2 status
    shift 2
    unpack
    (cd "$work/tree" && "$migrate" "$@" ./*.[ch] -- -D_GNU_SOURCE) > "$work/said" 2>&1
    status=$?
    [ $status -eq 1 ] && grep -qF -- "$sentence" "$work/said" && diff -r "$work/before" "$work/tree" >> "$work/said"
    report $? "$name"
}

# ---- what servers do ----

becomes "a wrapper that ends the program for want of memory" 'struct client *client_new(void) { return client_get_or_end(); }
void client_close(struct client *c) { client_put(c); }
return made != NULL ? made : xmalloc((size_t)-1 / 2);' malloc client << 'EOF'
#include <stdlib.h>
struct client { int fd; };
static void *xmalloc(size_t n) { void *p = malloc(n); if (!p) exit(1); return p; }
struct client *client_new(void) { return xmalloc(sizeof(struct client)); }
void client_close(struct client *c) { free(c); }
int main(void) { struct client *c = client_new(); c->fd = 1; client_close(c); return 0; }
EOF
refuses "a wrapper that no file defines" 'a.c:4: is allocated by xmalloc, which no file here defines' malloc client << 'EOF'
#include <stdlib.h>
struct client { int fd; };
void *xmalloc(size_t n);
struct client *client_new(void) { return xmalloc(sizeof(struct client)); }
void client_close(struct client *c) { free(c); }
EOF
becomes "a macro that takes a type, and zeros" 'Conn *c = Conn_get();
POND_DEFINE(Conn, struct Conn, .flags = POND_ZERO_ON_PUT)' malloc Conn << 'EOF'
#include <stdlib.h>
#include <string.h>
typedef struct Conn Conn;
struct Conn { int fd; };
void *zalloc(int n) { void *p = malloc((size_t)n); if (p) memset(p, 0, (size_t)n); return p; }
#define new(T) zalloc(sizeof(T))
int main(void)
{
    for (int i = 0; i < 2; i++) {
        Conn *c = new(Conn);
        if (c == NULL || c->fd != 0)
            return 1;
        c->fd = 7;
        free(c);
    }
    return 0;
}
EOF
becomes "a free that sets its pointer to NULL, and logs" 'do { conn_put(c); (c) = NULL; } while (0);' malloc conn << 'EOF'
#include <stdlib.h>
#include <stdio.h>
#include <assert.h>
struct conn { int fd; };
static void log_it(const char *at, int line) { fprintf(stderr, "%s:%d\n", at, line); }
static void free_it(void *p, const char *at, int line) { assert(p != NULL); log_it(at, line); free(p); }
static void *get_it(size_t size, const char *at, int line) { log_it(at, line); return malloc(size); }
#define nc_alloc(s) get_it((size_t)(s), __FILE__, __LINE__)
#define nc_free(p) do { \
    free_it(p, __FILE__, __LINE__); \
    (p) = NULL; \
} while (0)
int main(void)
{
    struct conn *c = nc_alloc(sizeof(*c)), *d;
    int *n = nc_alloc(sizeof(*n));
    nc_free(c);
    nc_free(n);
    d = NULL;
    return c != d;
}
EOF
becomes "a free of a pointer's address" 'conn_put(*old)' malloc conn << 'EOF'
#include <stdlib.h>
struct conn { int fd; };
#define free_and_clear(x) do { __typeof__(x) old = (x); free(*old); *old = NULL; } while (0)
int main(void) { struct conn *c = calloc(1, sizeof(*c)); free_and_clear(&c); return c != NULL; }
EOF
becomes "a cast and a typedef, within a condition" 'if (!(c = conn_get()))' malloc conn << 'EOF'
#include <stdlib.h>
typedef struct connection { int fd; } conn;
int main(void) { conn *c; if (!(c = (conn *)calloc(1, sizeof(conn)))) return 1; free((void *)c); return 0; }
EOF
becomes "a typedef without a tag" 'POND_DECLARE(watcher, watcher)' malloc watcher << 'EOF'
#include <stdlib.h>
typedef struct { int fd; } watcher;
int main(void) { watcher *w = calloc(sizeof(watcher), 1); free(w); return 0; }
EOF
becomes "a member that is a macro" 'POND_DECLARE(queue, struct queue)' malloc queue << 'EOF'
#include <stdlib.h>
#include <sys/queue.h>
struct item { STAILQ_ENTRY(item) next; };
struct queue { STAILQ_HEAD(, item) head; };
int main(void) { struct queue *q = malloc(sizeof(struct queue)); STAILQ_INIT(&q->head); free(q); return 0; }
EOF
becomes "a header without an #include" '#include <pond/typed.h>' malloc job << 'EOF'
#include <stdlib.h>
#include "c.h"
int main(void) { struct job *j = calloc(1, sizeof(struct job)); free(j); return 0; }
-- c.h
struct job { int n; };
EOF
becomes "config.h stays first, and the structure is within a header's guard" '#include <pond/typed.h>' malloc job << 'EOF'
#include "config.h"
#include <sched.h>
#include "job.h"
#include <stdlib.h>
int main(void) { struct job *j = malloc(sizeof(struct job)); free(j); return 0; }
-- config.h
#define EXTRA 1
-- job.h
#ifndef JOB_H
#define JOB_H
#ifdef NEVER
#include <never.h>
#endif
struct job { cpu_set_t s; };
#endif
EOF
becomes "names that exist already" 'POND_DEFINE(pooled_job, struct job)' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *job_get(int n) { struct job *j = malloc(sizeof(*j)); if (j) j->n = n; return j; }
int main(void) { free(job_get(1)); return 0; }
EOF
becomes "a get in the arguments of a macro, and one under ?:" 'if (likely((j = job_get()) != NULL))' malloc job << 'EOF'
#include <stdlib.h>
#define likely(x) __builtin_expect(!!(x), 1)
struct job { int n; };
int main(int argc, char **argv)
{
    struct job *j, *k = argc > 99 ? NULL : malloc(sizeof(struct job));
    (void)argv;
    if (likely((j = malloc(sizeof(*j))) != NULL))
        free(j);
    free(k);
    return 0;
}
EOF
becomes "two files, a structure in the header, what is freed by a callback" 'job_put(memory);' malloc job << 'EOF'
#include <stdlib.h>
#include "job.h"
static void done(void *data) { struct job *memory = data; free(memory); }
int main(void) { struct job *j = job_new(); later(done, j); return 0; }
-- b.c
#include <stdlib.h>
#include "job.h"

/* Makes one. */
struct job *
job_new(void)
{
    return malloc(sizeof(struct job));
}
void later(void (*call)(void *), void *data) { call(data); }
-- job.h
struct job { int n; };
struct job *job_new(void);
void later(void (*call)(void *), void *data);
EOF
becomes "a list of spare ones without a mutex" 'j = job_get();
job_put(j);' freelist job get_job put_job << 'EOF'
#include <stdlib.h>
#include <sys/queue.h>
struct job { int n; TAILQ_ENTRY(job) link; };
static TAILQ_HEAD(, job) spare = TAILQ_HEAD_INITIALIZER(spare);
static int spares, used;
static struct job *get_job(void)
{
    struct job *j;

    if (!TAILQ_EMPTY(&spare)) {
        j = TAILQ_FIRST(&spare);
        spares--;
        TAILQ_REMOVE(&spare, j, link);
    } else {
        j = malloc(sizeof(*j));
        if (j == NULL)
            return NULL;
    }
    j->n = 1;
    used++;
    return j;
}
static void put_job(struct job *j)
{
    spares++;
    TAILQ_INSERT_HEAD(&spare, j, link);
    used -= j->n;
}
int main(void)
{
    put_job(get_job());
    put_job(get_job());
    while (!TAILQ_EMPTY(&spare)) {
        struct job *j = TAILQ_FIRST(&spare);
        TAILQ_REMOVE(&spare, j, link);
        free(j);
        spares--;
    }
    return used != 0 || spares != 0;
}
EOF
becomes "a simple list of spare ones" 'job_put(j);' freelist job get_job put_job << 'EOF'
#include <stdlib.h>
#include <sys/queue.h>
struct job { int n; STAILQ_ENTRY(job) link; };
static STAILQ_HEAD(, job) spare = STAILQ_HEAD_INITIALIZER(spare);
static struct job *get_job(void)
{
    struct job *j = NULL;
    if (!STAILQ_EMPTY(&spare)) {
        j = STAILQ_FIRST(&spare);
        STAILQ_REMOVE_HEAD(&spare, link);
    } else {
        j = malloc(sizeof(*j));
    }
    return j;
}
static void put_job(struct job *j)
{
    STAILQ_INSERT_TAIL(&spare, j, link);
}
int main(void) { put_job(get_job()); put_job(get_job()); return 0; }
EOF
becomes "a list that get takes from and goes on" 'j = job_get();' freelist job get_job put_job << 'EOF'
#include <stdlib.h>
#include <sys/queue.h>
struct job { int n; TAILQ_ENTRY(job) link; };
static TAILQ_HEAD(, job) spare = TAILQ_HEAD_INITIALIZER(spare);
static struct job *get_job(void)
{
    struct job *j;

    if (!TAILQ_EMPTY(&spare)) {
        j = TAILQ_FIRST(&spare);
        TAILQ_REMOVE(&spare, j, link);
        goto done;
    }
    j = malloc(sizeof(*j));
    if (j == NULL)
        return NULL;

done:
    j->n = 1;
    return j;
}
static void put_job(struct job *j)
{
    TAILQ_INSERT_HEAD(&spare, j, link);
}
int main(void) { put_job(get_job()); put_job(get_job()); return 0; }
EOF

# ---- what stands in the way ----

refuses "a flexible member" 'a.c:3: is allocated by another size' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; char text[]; };
struct job *job_new(size_t n) { struct job *j = malloc(sizeof(struct job) + n); return j; }
void job_end(struct job *j) { free(j); }
EOF
refuses "a batch" 'a.c:3: is allocated by another size' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *jobs(void) { struct job *j = calloc(64, sizeof(struct job)); return j; }
struct job *job(void) { return malloc(sizeof(struct job)); }
void job_end(struct job *j) { free(j); }
EOF
refuses "an object that is freed as void *" 'a.c:5: may free a struct job, which became void * at a.c:4' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct any { void *data; };
void keep(struct any *a) { struct job *j = malloc(sizeof(*j)); a->data = j; }
void drop(struct any *a) { free(a->data); }
void job_end(struct job *j) { free(j); }
EOF
refuses "by way of a function and another variable" 'a.c:6: may free a struct job' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
static void *kept;
void keep(void *memory) { void *other = memory; kept = other; }
void add(void) { struct job *j = malloc(sizeof(*j)); keep(j); }
void drop(void) { free(kept); }
void job_end(struct job *j) { free(j); }
EOF
refuses "free as a value, and an object as void *" 'a.c:7: free is a value here: it may free a struct job' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct any { void *data; void (*end)(void *); };
void add(struct any *a)
{
    struct job *j = malloc(sizeof(*j));
    a->end = free;
    a->data = j;
}
void job_end(struct job *j) { free(j); }
EOF
refuses "an allocation by a pointer to a function" 'a.c:4: is allocated by a pointer to a function' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
extern void *(*get_memory)(size_t);
struct job *job(void) { return get_memory(sizeof(struct job)); }
struct job *other(void) { return malloc(sizeof(struct job)); }
void job_end(struct job *j) { free(j); }
EOF
refuses "a part of something" 'a.c:5: the struct job that is freed is part of something' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct big { struct job job; int more; };
struct job *job(void) { return malloc(sizeof(struct job)); }
void drop(struct big *b) { free(&b->job); }
EOF
refuses "memory that another type shares" 'is taken for a struct big, which is allocated or freed, too' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct big { struct job job; int more; };
struct job *job(int large) { return large ? (struct job *)(struct big *)malloc(sizeof(struct big)) : malloc(sizeof(struct job)); }
struct big *big_of(struct job *j) { return (struct big *)j; }
struct big *big(void) { return malloc(sizeof(struct big)); }
void drop(struct job *j) { free(j); }
EOF
refuses "a function that frees and does more" 'a.c:6: is freed by job_end, which does more' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
void wipe(void *memory);
static void job_end(void *memory) { wipe(memory); free(memory); }
struct job *job(void) { return malloc(sizeof(struct job)); }
void drop(struct job *j) { job_end(j); }
EOF
refuses "an allocation that this build leaves out" 'a.c:5: allocates a struct job in code that this build leaves out' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *job(void) { return malloc(sizeof(struct job)); }
#ifdef WITH_MORE
struct job *more(void) { return calloc(1, sizeof(struct job)); }
#endif
void drop(struct job *j) { free(j); }
EOF
refuses "what nothing frees" 'nothing frees a struct job' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *job(void) { return malloc(sizeof(struct job)); }
EOF
refuses "two types of one name" 'is defined more than once' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *job(void) { return malloc(sizeof(struct job)); }
void drop(struct job *j) { free(j); }
-- b.c
struct job { long n; };
long of(struct job *j) { return j->n; }
EOF
refuses "a result that the compiler warns of" 'the result does not compile: a.c:' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *job(void) { return malloc(sizeof(struct job)); }
void job_end(const struct job *j) { free(j); }
EOF
refuses "a program that does not compile" 'a.c:2: cannot be read' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; }
struct job *job(void) { return malloc(sizeof(struct job)); }
EOF

# ---- called wrongly ----

# says NAME SENTENCE STATUS ARGUMENT...
says()
{
    (cd "$work/tree" && "$migrate" "${@:4}") > "$work/said" 2>&1
    [ $? -eq "$3" ] && grep -qF -- "$2" "$work/said" && [ "$(wc -l < "$work/said")" -le 2 ]
    report $? "$1"
}
unpack << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *job(void) { return malloc(sizeof(struct job)); }
void drop(struct job *j) { free(j); }
-- scout.json
[{"file": "/usr/src/a.c", "line": 3, "function": "job", "size": 4, "sizes": 1, "gets": 9, "hit_ratio": 0.99, "verdict": "pond"}]
-- broken.json
[{"file": 1
EOF
says "no such file" 'b.c: there is no such file' 2 malloc job b.c
says "no such type" 'no file defines a structure client' 2 malloc client a.c
says "no files" 'neither files nor a compile_commands.json are named' 2 malloc job
says "a broken JSON" 'broken.json: is no JSON of pond-scout' 2 scout broken.json a.c
says "a broken database" 'broken.json: is no compile_commands.json' 2 malloc job -p broken.json
says "what pond-scout says is worth it" 'job: 9 gets, predicted hit ratio 0.9900: 1 allocations and 1 frees' 0 scout scout.json a.c
grep -q 'return job_get();' "$work/tree/a.c"
report $? "and it is converted"
exit $failed
