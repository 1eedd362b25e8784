#!/bin/sh
# The compiler sees a typed pond's misuse: small wrong programs under gcc -fanalyzer, each of which must
# be reported for what it is, and right ones, which must not be reported at all.
set -u
cd "$(dirname "$0")/../.." || exit
cc=${CC:-gcc}
case $("$cc" --version | head -n 1) in
gcc* | *GCC*) ;;
*)
    echo "$cc has no -fanalyzer"
    exit 77
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# analyse NAME: compiles the program on stdin, after the declarations; what is reported is in $work/report.
analyse() {
    {
        echo '#include <pond/typed.h>'
        echo 'struct conn { int fd; };'
        echo 'struct other { int fd; };'
        echo 'POND_DECLARE(conn, struct conn)'
        echo 'POND_DECLARE(other, struct conn)'
        echo 'int f(pond *p);'
        cat
    } > "$work/program.c"
    "$cc" -std=c11 -O1 -Wall -Wextra -fanalyzer -Iinclude -c -o "$work/program.o" "$work/program.c" \
        > "$work/report" 2>&1 || { echo "$1: does not compile"; bad=1; }
}

# wrong NAME WARNING: the program on stdin is reported with this warning.
wrong() {
    analyse "$1"
    grep -q "\[-W[a-z-]*$2" "$work/report" && return
    echo "$1: no warning $2:"
    cat "$work/report"
    bad=1
}

right() {
    analyse "$1"
    grep -q 'warning:' "$work/report" || return
    echo "$1: a warning without a reason:"
    cat "$work/report"
    bad=1
}

wrong 'typed: put twice' analyzer-double-free << 'EOF'
int f(pond *p) { struct conn *c = conn_get(); (void)p; conn_put(c); conn_put(c); return 0; }
EOF
wrong 'typed: used after put' use-after-free << 'EOF'
int f(pond *p)
{
    struct conn *c = conn_get();
    (void)p;
    if (c == NULL)
        return 0;
    conn_put(c);
    return c->fd;
}
EOF
wrong 'typed: never put' analyzer-malloc-leak << 'EOF'
int f(pond *p) { struct conn *c = conn_get(); (void)p; return c != NULL; }
EOF
wrong 'typed: put into another pond' mismatched-dealloc << 'EOF'
int f(pond *p) { struct conn *c = conn_get(); (void)p; other_put(c); return 0; }
EOF
wrong 'typed: freed' mismatched-dealloc << 'EOF'
#include <stdlib.h>
int f(pond *p) { struct conn *c = conn_get(); (void)p; free(c); return 0; }
EOF
wrong 'typed: put and discarded' use-after-free << 'EOF'
int f(pond *p) { struct conn *c = conn_get(); (void)p; conn_put(c); conn_discard(c); return 0; }
EOF
wrong 'typed: not checked for NULL' analyzer-possible-null << 'EOF'
int f(pond *p) { struct conn *c = conn_get(); (void)p; c->fd = 1; conn_put(c); return 0; }
EOF
wrong 'untyped: put twice' analyzer-double-free << 'EOF'
int f(pond *p) { void *obj = pond_get(p); pond_put(p, obj); pond_put(p, obj); return 0; }
EOF
wrong 'untyped: used after put' use-after-free << 'EOF'
int f(pond *p)
{
    int *obj = pond_get(p);
    if (obj == NULL)
        return 0;
    pond_put(p, obj);
    return *obj;
}
EOF
wrong 'untyped: never put' analyzer-malloc-leak << 'EOF'
int f(pond *p) { void *obj = pond_get(p); return obj != NULL; }
EOF

right 'typed: put or discarded' << 'EOF'
int f(pond *p)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return 0;
    c->fd = 4;
    if (p == NULL)
        conn_discard(c);
    else
        conn_put(c);
    return 1;
}
EOF
right 'typed: scoped' << 'EOF'
int f(pond *p)
{
    POND_SCOPED(conn, c);
    (void)p;
    if (c == NULL)
        return 0;
    c->fd = 4;
    return c->fd;
}
EOF
right 'untyped: put' << 'EOF'
int f(pond *p)
{
    int *obj = pond_get(p);
    if (obj == NULL)
        return 0;
    *obj = 1;
    pond_put(p, obj);
    return 1;
}
EOF
exit $bad
