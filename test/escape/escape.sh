#!/bin/bash
# pond-escape: what it says of objects, at -O0 and -O2; that it changes nothing of what is compiled, and costs
# little.
set -u
cd "$(dirname "$0")/../.." || exit
plugin=build/libpond-escape.so
if ! make --no-print-directory WERROR=1 escape > /dev/null 2>&1 || [ ! -e "$plugin" ] ||
    ! command -v clang > /dev/null; then
    echo "clang, or the headers of its LLVM, are missing"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. test/support/checks.sh
export POND_ESCAPE="own_get;own_put@1"

# compile LEVEL FILE OBJECT [FLAG...]
compile()
{
    clang "$1" -g -Iinclude -c "$2" -o "$3" "${@:4}"
}
ask=(-fpass-plugin="$plugin" -Rpass-analysis=pond-escape)

says()
{
    compile "$1" "$2" "$work/with.o" "${ask[@]}" 2> "$work/remarks" &&
        test/escape/cases/check "$2" < "$work/remarks"
}

same()
{
    compile "$1" "$2" "$work/with.o" "${ask[@]}" 2> /dev/null && compile "$1" "$2" "$work/without.o" &&
        cmp "$work/with.o" "$work/without.o"
}

for file in test/escape/cases/*.c*; do
    for level in -O0 -O2; do
        says "$level" "$file" > "$work/said" 2>&1
        report $? "${file##*/} $level: $(tail -n 1 "$work/said")"
        same "$level" "$file" > "$work/said" 2>&1
        report $? "${file##*/} $level: the object file is the same without the plugin"
    done
done

# What nobody asks for is not said, and not worked out.
quiet()
{
    compile -O2 test/escape/cases/local.c "$work/quiet.o" -fpass-plugin="$plugin" && [ ! -s "$work/said" ]
}
quiet > "$work/said" 2>&1
report $? "without -Rpass-analysis it says nothing"

recorded()
{
    compile -O2 test/escape/cases/away.c "$work/yaml.o" -fpass-plugin="$plugin" -fsave-optimization-record \
        -foptimization-record-file="$work/yaml" && grep -q '^Pass: *pond-escape' "$work/yaml" &&
        grep -A 9 'Name: *Escapes' "$work/yaml" | grep -q "Verdict: *'escapes: stored in all at line"
}
recorded > "$work/said" 2>&1
report $? "it is in the record that -fsave-optimization-record makes"

refuses()
{
    ! POND_ESCAPE=$1 compile -O2 test/escape/cases/local.c "$work/bad.o" "${ask[@]}" 2> "$work/bad" &&
        grep -q '^error: pond-escape: POND_ESCAPE' "$work/bad" && [ "$(grep -c '^error' "$work/bad")" -eq 1 ]
}
{ refuses 'a;b@c' && refuses ';free'; } > "$work/said" 2>&1
report $? "wrong words in POND_ESCAPE are named"

# seconds COMMAND...: of a processor, the least of five times.
seconds()
{
    for _ in 1 2 3 4 5; do
        { TIMEFORMAT='%U %S'; time "$@" > /dev/null 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
    done | sort -n | head -n 1
}

# Files with allocations, and one of the library.
costs()
{
    local level=$1 file with=0 without=0
    for file in test/escape/cases/away.c src/check/words.c src/flame/tree.c src/write/memory.c; do
        set -- "$level" "$file" "$work/cost.o" -Isrc -D_GNU_SOURCE
        compile "$@" || return
        with=$(awk "BEGIN { print $with + $(seconds compile "$@" "${ask[@]}") }")
        without=$(awk "BEGIN { print $without + $(seconds compile "$@") }")
    done
    echo "$with s with, $without s without"
    awk "BEGIN { exit !($without > 0 && $with <= 1.2 * $without) }"
}
for level in -O0 -O2; do
    costs "$level" > "$work/said" 2>&1
    report $? "$level: compiling takes at most 1.2 times as long: $(cat "$work/said")"
done
exit $failed
