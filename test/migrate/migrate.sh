#!/bin/bash
# pond-migrate, on examples/migrate: a real server is migrated, says the same afterwards, and no check of pond finds anything in
# it; code that does not fit is left as it is, and named.
set -u
cd "$(dirname "$0")/../.." || exit
if ! /usr/bin/python3 -c 'import clang.cindex' 2> /dev/null; then
    echo "the Python interface of libclang is missing"
    exit 77
fi
if ! command -v spatch > /dev/null; then
    echo "spatch (Coccinelle) is missing"
    exit 77
fi
migrate=$PWD/src/migrate/pond-migrate
talk=$PWD/examples/migrate/talk
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. test/support/checks.sh

# build DIRECTORY PROGRAM [FLAG...]
build()
{
    "${CC:-gcc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wconversion -Werror -g -Iinclude \
        "${@:3}" -o "$2" "$1"/*.c build/release/libpond.a -pthread
}

# ---- the server ----

migrates()
{
    cp -r examples/migrate/before "$work/after" && cd "$work/after" || return
    "$migrate" freelist message new_message release_message ./*.[ch] -- -D_POSIX_C_SOURCE=200809L &&
        "$migrate" malloc client ./*.[ch] -- -D_POSIX_C_SOURCE=200809L || return
    ! grep -nE 'malloc\(|calloc\(|free\(|spare_lock|(new|release)_message' ./*.[ch]
}

# says_the_same WORDS: with these words on the migrated server says what the old one did, and no more.
says_the_same()
{
    POND_DEBUG=$1 "$talk" "$work/after-server" > "$work/after-said" 2> "$work/said" || return
    [ ! -s "$work/said" ] && diff "$work/before-said" "$work/after-said" > "$work/said"
}

(migrates) > "$work/said" 2>&1
report $? "the server is migrated"
{ build examples/migrate/before "$work/before-server" && build "$work/after" "$work/after-server"; } > "$work/said" 2>&1
report $? "it builds before and after, without a warning"
"$talk" "$work/before-server" > "$work/before-said" 2> "$work/said" && [ "$(wc -l < "$work/before-said")" -gt 300 ]
report $? "it talks before"
for words in off fast full full,hold=5,chaos=1; do
    says_the_same "$words"
    report $? "it says the same after, POND_DEBUG=$words"
done

# A migrated program's old mistake is found: a message is released twice after it was sent.
cp -r "$work/after" "$work/mistaken"
sed -i '/MSG_NOSIGNAL/{n;s/message_put(m);/& message_put(m);/}' "$work/mistaken/client.c"
{ build "$work/mistaken" "$work/mistaken-server" -Wno-use-after-free &&
    POND_DEBUG=fast,log "$talk" "$work/mistaken-server"; } > "$work/said" 2>&1
grep -q 'pond: double: double put: ' "$work/said"
report $? "a mistake that the old server hid is found"

# ---- what does not fit ----

# refuses NAME SENTENCE ARGUMENTS...: the program on stdin is refused with this, and stays as it is.
refuses()
{
    local name=$1 sentence=$2 status
    shift 2
    cat > "$work/program.c"
    cp "$work/program.c" "$work/program-before.c"
    "$migrate" "$@" "$work/program.c" > "$work/said" 2>&1
    status=$?
    [ $status -eq 1 ] && grep -q "$sentence" "$work/said" && cmp "$work/program.c" "$work/program-before.c" >> "$work/said"
    report $? "$name"
}

refuses "an array is no object" 'program.c:3: is allocated by another size' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *jobs(size_t n) { struct job *all = malloc(n * sizeof(*all)); return all; }
struct job *job(void) { return malloc(sizeof(struct job)); }
void end(struct job *j) { free(j); }
EOF
refuses "what is grown is no object" 'program.c:3: is grown with realloc' malloc job << 'EOF'
#include <stdlib.h>
struct job { int n; };
struct job *jobs(struct job *all, size_t n) { all = realloc(all, n * sizeof(*all)); return all; }
struct job *job(void) { return malloc(sizeof(struct job)); }
EOF
freelist='#include <pthread.h>
#include <stdlib.h>
struct job { struct job *next; int n; };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *spare;
void wipe(struct job *j);
struct job *get(void)
{
    pthread_mutex_lock(&lock);
    struct job *j = spare;
    if (j)
        spare = j->next;
    pthread_mutex_unlock(&lock);
    return j ? j : malloc(sizeof(*j));
}
void put(struct job *j)
{
    BEFORE
    pthread_mutex_lock(&lock);
    j->next = spare;
    spare = j;
    pthread_mutex_unlock(&lock);
}'
refuses "a put that wipes needs a hook" 'program.c:18: the put function calls something else' \
    freelist job get put <<< "${freelist/BEFORE/wipe(j);}"
refuses "a put that sets a member needs a hook" 'program.c:18: the put function writes to the object' \
    freelist job get put <<< "${freelist/BEFORE/j->n = 0;}"
plain=${freelist/BEFORE/}
refuses "functions without a list" 'no function of such a shape' freelist job get put <<< "${plain/spare = j;/}"

# ---- other shapes that fit ----

# becomes NAME LINES ARGUMENTS...: the program on stdin becomes one that has these lines, and compiles.
becomes()
{
    local name=$1 lines=$2 line
    shift 2
    cat > "$work/program.c"
    "$migrate" "$@" "$work/program.c" > "$work/said" 2>&1 &&
        "${CC:-gcc}" -std=c11 -Wall -Wextra -Werror -Iinclude -c -o /dev/null "$work/program.c" >> "$work/said" 2>&1
    local status=$?
    while read -r line; do
        grep -qF -- "$line" "$work/program.c" || { echo "no line: $line" >> "$work/said"; status=1; }
    done <<< "$lines"
    [ $status -eq 0 ] || cat "$work/program.c" >> "$work/said"
    report $status "$name"
}

becomes "a list that is initialised at the declaration" 'POND_DECLARE(job, struct job)
POND_DEFINE(job, struct job)' freelist job get put <<< "${freelist/BEFORE/}"
becomes "every way to allocate one" 'struct node *a(void) { return node_get(); }
struct node *b(void) { struct node *n; n = node_get(); return n; }
void d(struct owner *o) { o->node = node_get(); }
void e(struct owner *o) { node_put(o->node); free(o); }
void f(void *memory) { free(memory); }' malloc node << 'EOF'
#include <stdlib.h>
struct node {
    int n;
};
struct owner {
    struct node *node;
};
struct node *a(void) { return malloc(sizeof(struct node)); }
struct node *b(void) { struct node *n; n = malloc(sizeof *n); return n; }
struct node *c(void) { struct node *n = (struct node *)malloc(sizeof(struct node)); return n; }
void d(struct owner *o) { o->node = calloc(1, sizeof(*o->node)); }
void e(struct owner *o) { free(o->node); free(o); }
void f(void *memory) { free(memory); }
EOF
exit $failed
