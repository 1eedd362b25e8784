#!/bin/sh
# Searches for leaks see ponds as they see malloc, at exit and in the middle of a run: LeakSanitizer, alone
# and with AddressSanitizer, and Valgrind. What live and idle objects own, what create made and what ctx
# points to is no leak; what is lost is one.
. test/build/lib.sh
. test/check/tools/run.sh

frames='-fno-omit-frame-pointer -fno-optimize-sibling-calls'

# lost TITLE COMMAND...: everything that is lost is found, and nothing else.
lost()
{
    tool=$1
    shift
    for when in exit middle; do
        for what in written reused constructed dropped created context; do
            finds "$tool: $what, $when" ' lose ' "$@" $what $when
            ! grep -q ' keep ' "$scratch/said" || fail "$tool: $what, $when, and more: $(cat "$scratch/said")"
        done
    done
}

# kept TITLE COMMAND...: nothing is a leak.
kept()
{
    tool=$1
    shift
    for when in exit middle; do
        silent "$tool: kept, $when" "$@" kept $when
    done
}

# lsan COMPILER KIND SANITIZER
lsan()
{
    kind="$1, $3, libpond.$2"
    # shellcheck disable=SC2086 # flags
    built leaks "$1" leaks $plain/libpond.$2 $frames -fsanitize=$3
    kept "$kind" "$scratch/leaks"
    lost "$kind" "$scratch/leaks"
    # LeakSanitizer does not know objects of a slab: a live one that is lost is pond's word `leak` to report.
    for when in exit middle; do
        silent "$kind: object, $when" "$scratch/leaks" object $when
    done
    for words in poison poison=16 reset,guard=1/2; do
        kept "$kind, $words" env POND_DEBUG=$words "$scratch/leaks"
        for what in reused constructed; do
            finds "$kind, $words: $what" ' lose ' env POND_DEBUG=$words "$scratch/leaks" $what middle
        done
    done
    # What is told of memory is told always: nothing that objects own is a leak.
    kept "$kind, off" env POND_DEBUG=off "$scratch/leaks"
}

lsan gcc a leak
lsan clang so leak
lsan gcc so address
lsan clang a address

# The same where the library tells nothing of its memory: else the above shows nothing.
objcopy --redefine-sym __lsan_register_root_region=there_is_no_such_thing $plain/libpond.a "$scratch/mute.a"
# shellcheck disable=SC2086 # flags
built mute gcc leaks "$scratch/mute.a" $frames -fsanitize=leak
finds "leak, a libpond that tells nothing" ' keep ' "$scratch/mute" kept middle

# ---- Valgrind ----

# shellcheck disable=SC2086 # flags
built leaks gcc leaks $plain/libpond.a $frames
memcheck='valgrind -q --leak-check=full --show-leak-kinds=definite,possible
    --errors-for-leak-kinds=definite,possible --error-exitcode=9'
# shellcheck disable=SC2086 # a command with its options
{
    kept valgrind $memcheck "$scratch/leaks"
    lost valgrind $memcheck "$scratch/leaks"
    for when in exit middle; do
        finds "valgrind: object, $when" ' be_object ' $memcheck "$scratch/leaks" object $when
    done
    kept 'valgrind, full' env POND_DEBUG=poison,reset,guard=1/2 $memcheck "$scratch/leaks"
}
