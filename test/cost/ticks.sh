#!/bin/sh
# What ticks and the exit of threads cost, in instructions, as in closings.sh.
. test/build/lib.sh
unset POND_DEBUG

"${CC:-cc}" -std=gnu11 -O2 -Iinclude -o "$scratch/ticks" test/cost/program/ticks.c build/release/libpond.a -pthread

# instructions FUNCTION WHAT PONDS THREADS TIMES: in that function alone
instructions()
{
    function=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --max-threads=600 --toggle-collect="$function" \
        "$scratch/ticks" "$@" 2>&1 | awk '/Collected/ { print $NF; found = 1 } END { exit !found }'
}

# each FUNCTION WHAT PONDS THREADS TIMES: instructions of one of those
each()
{
    once=$(instructions "$1" "$2" "$3" "$4" "$5")
    twice=$(instructions "$1" "$2" "$3" "$4" $((2 * $5)))
    echo $(((twice - once) / $5))
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
at_most "a tick over 1,000 idle ponds, 512 threads" "$(each once idle 1000 512 20)" 100000
full=$(each once full 100 64 10)
at_most "a tick over 100 ponds that 64 threads put into, for each" $((full / 6400)) 300
alone=$(each thread_exit exit 1 1 50)
at_most "the exit of a thread beside 5,000 ponds (beside one: $alone)" "$(each thread_exit exit 5000 1 50)" $((alone + 500))
exit $failed
