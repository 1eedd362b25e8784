#!/bin/sh
# MemorySanitizer, which wants all of a program built with it: so the library's amalgamation is compiled, too.
# New memory is zero and known to be, whatever lay there; idle objects are not to be read.
. test/build/lib.sh
. test/check/tools/run.sh

project_make amalgamation > /dev/null
clang -std=gnu11 -O1 -g -fsanitize=memory -c -o "$scratch/pond.o" build/amalgamation/pond.c
built program clang uninitialised "$scratch/pond.o" -fsanitize=memory
for what in purged zeroed hooks; do
    silent "memory: $what" "$scratch/program" $what
    silent "memory: $what, with checks" env POND_DEBUG=full,stacks=2 "$scratch/program" $what
    silent "memory: $what, nobody told" env POND_DEBUG=off "$scratch/program" $what
done
for what in read unwritten; do
    finds "memory: $what" 'MemorySanitizer: use-of-uninitialized-value' "$scratch/program" $what
done

# The same where the library says nothing: else the above shows nothing.
objcopy --redefine-sym __msan_unpoison=there_is_no_such_thing --redefine-sym __msan_poison=nor_such \
    "$scratch/pond.o" "$scratch/mute.o"
built mute clang uninitialised "$scratch/mute.o" -fsanitize=memory
for what in purged zeroed hooks; do
    finds "memory, a libpond that tells nothing: $what" 'MemorySanitizer: use-of-uninit' "$scratch/mute" $what
done
