#!/bin/sh
# What closing other threads' caches costs, in instructions.
. test/build/lib.sh
. test/cost/program/count.sh
built closings

# each WHAT COUNT TIMES: instructions of one operation
each()
{
    each_of "$3" --collect-atstart=yes "$scratch/closings" "$1" "$2"
}

at_most "a get that is refused, 400 threads" "$(each refused 400 500)" 2000
at_most "a get that is refused, 10 threads" "$(each refused 10 500)" 2000
tick=$(each tick 1000 10)
at_most "a tick over 1,000 ponds beside a held thread (else $tick)" "$(each held 1000 10)" $((tick + tick / 2 + 200000))
exit $failed
