#!/bin/sh
# What ticks and the exit of threads cost, in instructions.
. test/build/lib.sh
. test/cost/program/count.sh
built ticks

# each FUNCTION WHAT PONDS THREADS TIMES: instructions of one of those, in that function alone. So one run is enough:
# what comes before, which takes longest, is not in it.
each()
{
    echo $(($(instructions "--toggle-collect=$1" "$scratch/ticks" "$2" "$3" "$4" "$5") / $5))
}

at_most "a tick over 1,000 idle ponds, 512 threads" "$(each once idle 1000 512 20)" 100000
full=$(each once full 100 64 10)
at_most "a tick over 100 ponds that 64 threads put into, for each" $((full / 6400)) 300
alone=$(each thread_exit exit 1 1 50)
at_most "the exit of a thread beside 5,000 ponds (beside one: $alone)" "$(each thread_exit exit 5000 1 50)" $((alone + 500))
exit $failed
