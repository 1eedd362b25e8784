# Shared by the tests of what something costs, beside test/build/lib.sh: instructions by callgrind, whatever else the
# machine is doing. What a program does once cancels out in the difference of a run with N operations and one with 2N.
# shellcheck shell=sh disable=SC2034,SC2154 # used by those who source this; the scratch directory
unset POND_DEBUG
failed=0

# built NAME: the program $scratch/NAME
built()
{
    "$CC" -std=gnu11 -O2 -Iinclude -o "$scratch/$1" "test/cost/program/$1.c" build/release/libpond.a -pthread
}

# instructions OPTION COMMAND...: how many it takes, counted as callgrind's option says
instructions()
{
    option=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --max-threads=600 "$option" "$@" 2>&1 |
        awk '/Collected/ { print $NF; found = 1 } END { exit !found }'
}

# each_of TIMES OPTION COMMAND...: instructions of one operation. COMMAND does as many as its last argument says,
# which is added to it.
each_of()
{
    times=$1
    shift
    once=$(instructions "$@" "$times")
    twice=$(instructions "$@" $((2 * times)))
    echo $(((twice - once) / times))
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
