#!/bin/sh
# What closing other threads' caches costs, in instructions, whatever else the machine is doing: callgrind's difference
# of a run with N operations and one with 2N, so that what a program does once cancels out.
. test/build/lib.sh
unset POND_DEBUG

"${CC:-cc}" -std=gnu11 -O2 -Iinclude -o "$scratch/closings" test/cost/program/closings.c build/release/libpond.a -pthread

# instructions WHAT COUNT TIMES
instructions()
{
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$scratch/closings" "$@" 2>&1 |
        awk '/Collected/ { print $NF; found = 1 } END { exit !found }'
}

# each WHAT COUNT TIMES: instructions of one operation
each()
{
    once=$(instructions "$1" "$2" "$3")
    twice=$(instructions "$1" "$2" $((2 * $3)))
    echo $(((twice - once) / $3))
}

# at_most NAME FIGURE MOST
at_most()
{
    if [ "$2" -le "$3" ]; then
        echo "ok $1: $2 instructions, at most $3"
    else
        echo "FAIL $1: $2 instructions, more than $3"
        failed=1
    fi
}

failed=0
at_most "a get that is refused, 400 threads" "$(each refused 400 500)" 2000
at_most "a get that is refused, 10 threads" "$(each refused 10 500)" 2000
tick=$(each tick 1000 10)
at_most "a tick over 1,000 ponds beside a held thread (else $tick)" "$(each held 1000 10)" $((tick + tick / 2 + 200000))
exit $failed
