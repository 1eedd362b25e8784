#!/bin/sh
# Promise 1: a get or put that the thread cache serves takes no lock, no atomic read-modify-write and no
# fence. Read off the machine code of a linked program: of pond_get and pond_put in the library, and
# of their inline versions: none of their instructions is of that kind, and what they call, and come
# back from, is the slow path alone. promise1_fast_path.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
cc=${CC:-gcc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(uname -m) in
x86_64)
    # A lock prefix; xchg with memory, which needs no prefix; fences; the kernel.
    forbidden='^(lock|mfence|lfence|sfence|xbegin|syscall|sysenter|cpuid)|^xchg.*\(|^xchg.*%fs'
    call='call'
    ;;
aarch64)
    forbidden='^(dmb|dsb|isb|ldxr|ldaxr|stxr|stlxr|ldxp|stxp|cas|swp|ldadd|ldset|ldclr|ldeor|svc)'
    call='blr?'
    ;;
*)
    echo "no list of instructions for $(uname -m)"
    exit 77
    ;;
esac

cat > "$work/user.c" << 'EOF'
#include <pond/inline.h>
void *inline_get(pond *p);
void inline_put(pond *p, void *obj);
void *inline_get(pond *p) { return pond_get_inline(p); }
void inline_put(pond *p, void *obj) { pond_put_inline(p, obj); }
int main(void)
{
    pond *p = pond_create(&(pond_options){.size = 8});
    inline_put(p, inline_get(p));
    pond_put(p, pond_get(p));
    pond_put_from(p, pond_get_from(p, p), p);
    return pond_destroy(p);
}
EOF

# check PROGRAM FUNCTION: prints what should not be there; fails if there is any, or no such function.
check() {
    objdump -d --no-show-raw-insn "$1" | awk -v function_name="$2" -v forbidden="$forbidden" -v call="$call" '
        /^[0-9a-f]+ <.*>:$/ { inside = $2 == "<" function_name ">:"; next }
        !inside || !/^ +[0-9a-f]+:/ { next }
        {
            instructions++
            line = $0
            sub(/^ +[0-9a-f]+:[ \t]*/, "", line)
            if (line ~ forbidden) { print function_name ": " line; bad++ }
            if (line ~ "^" call "[ \t]" && line !~ /<pond_(get_slow|put_slow|put_worked)/) {
                print function_name ": " line
                bad++
            }
        }
        END {
            if (instructions == 0) { print "no function " function_name; bad++ }
            exit bad > 0
        }'
}

"$cc" -std=c11 -O2 -Iinclude -o "$work/user" "$work/user.c" "$build/libpond.a" -pthread
bad=0
for name in pond_get pond_put pond_get_from pond_put_from inline_get inline_put; do
    check "$work/user" $name || bad=1
done

# The check sees a fence where there is one.
"$cc" -std=c11 -O2 -Iinclude -DPOND_FENCE -c -o "$work/fenced" "$work/user.c"
for name in inline_get inline_put; do
    if check "$work/fenced" $name > "$work/seen"; then
        echo "$name with POND_FENCE: the fence was not seen"
        bad=1
    fi
done
exit $bad
