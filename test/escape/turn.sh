#!/bin/bash
# What pond-escape says is believed: each object that does not escape ends with its function, in a program
# with AddressSanitizer. Nothing is found; of one that does escape it would be. test/escape/turn/servers does
# it with servers.
set -u
cd "$(dirname "$0")/../.." || exit
if ! make --no-print-directory WERROR=1 escape-turn build/libpond.a > /dev/null 2>&1 ||
    ! command -v clang > /dev/null; then
    echo "clang, or the headers of its LLVM, are missing"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. test/support/checks.sh
export ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=0

# turn PROGRAM FILE [FLAG...]
turn()
{
    local made=build/release/escape
    POND_TURN_SITES=$work/sites clang -O1 -g -std=gnu11 -fsanitize=address -fno-omit-frame-pointer \
        -fpass-plugin=$made/libturn.so -o "$work/$1" "$2" $made/turn.o "${@:3}" -pthread
}

if ! echo 'int main(void) { return 0; }' |
    clang -fsanitize=address -x c -o "$work/none" - > /dev/null 2>&1; then
    echo "AddressSanitizer is missing"
    exit 77
fi
both() { turn believed test/escape/turn/late.c && POND_TURN_ALL=1 turn all test/escape/turn/late.c; }
both > "$work/said" 2>&1
report $? "it compiles"

# Two become variables in each, and one more in the second; all others are kept.
turned() { [ "$(grep -c '^stack' "$work/sites")" -eq 3 ] && [ "$(grep -c '^kept' "$work/sites")" -eq 5 ]; }
cp "$work/sites" "$work/said"
turned
report $? "what does not escape is turned"

for how in stays fixed any; do
    POND_TURN_LOG=$work/ran "$work/believed" $how > "$work/said" 2>&1
    report $? "nothing is found in what is believed: $how"
done
[ "$(wc -l < "$work/ran")" -ge 3 ]
report $? "what was turned has been run"

# finds HOW WORDS
finds() { ! "$work/all" "$1" > "$work/said" 2>&1 && grep -q "ERROR: AddressSanitizer: $2" "$work/said"; }
"$work/all" stays > "$work/said" 2>&1
report $? "nothing is found where nothing escapes"
finds fixed stack-use-after-return
report $? "a variable that escapes is found"
finds any heap-use-after-free
report $? "what is kept, and escapes, is found"

# The examples: objects of ponds go back to them at the end of their function.
for example in hello typed inline reset_buffer secrets statistics; do
    { turn "$example" "examples/$example.c" -Iinclude -Wno-everything build/release/libpond.a &&
        POND_DEBUG=fast "$work/$example"; } > "$work/said" 2>&1
    report $? "nothing is found in examples/$example.c"
done

# Programs in which objects go about at random.
random()
{
    test/escape/turn/random "$1" > "$work/random.c" && turn random "$work/random.c" -w && "$work/random"
}
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
    random $seed > "$work/said" 2>&1
    report $? "nothing is found in random program $seed"
done
found=0
export POND_TURN_ALL=1
for seed in 1 2 3 4 5 6 7 8; do
    random $seed > "$work/said" 2>&1 || found=$((found + 1))
done
[ $found -ge 4 ]
report $? "what escapes is found in random programs: in $found of 8"
exit $failed
