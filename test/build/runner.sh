#!/bin/sh
# The runner of the tests, test/support/runner.c, tells how each test ended, kills and names one that hangs,
# leaves no process behind, and starts its workers so that no lock of an allocator can stop them.
. test/build/lib.sh

programs=test/build/runner runner="test/support/runner.c test/support/worker.c test/support/cases.c"

# build NAME FLAGS...: the program, and in programs/NAME.c its tests
build()
{
    made=$1 source=$2
    shift 2
    # shellcheck disable=SC2086 # flags, files
    "$CC" -std=c11 -O1 -g $STRICT -Itest/support "$@" -o "$scratch/$made" $programs/$source $runner -lcriterion -pthread
}

# ---- how each test ended ----

build tests tests.c
status=0
timeout 60 "$scratch/tests" --filter '@(ends|expected|around|disabled|parameters)/*' --tap "$scratch/tap" \
    > "$scratch/log" 2>&1 || status=$?
[ $status -eq 1 ] || fail "the runner ended with $status: $(cat "$scratch/log")"
sed 's/ ([0-9.]*s)$//; s/killed after [0-9.]* s/killed after N s/' "$scratch/tap" | sort > "$scratch/got"
sort > "$scratch/expected" << 'END'
TAP version 13
1..27
not ok - around/fini_crashes: ended by signal 6 (Aborted), in its fini
not ok - around/fini_fails: 1 failed assertions
not ok - around/hangs_by_the_timeout_of_the_suite: killed after N s, in its body: it hangs or is slow
not ok - around/init_fails: 1 failed assertions
not ok - ends/crashes: ended by signal 6 (Aborted), in its body
not ok - ends/fails: 1 failed assertions
not ok - ends/fails_in_a_child: 1 failed assertions
not ok - ends/fails_in_a_thread: 1 failed assertions
not ok - ends/fails_twice: 2 failed assertions
not ok - ends/hangs: killed after N s, in its body: it hangs or is slow
not ok - ends/logs_a_warning: 1 failed assertions
not ok - ends/stops_early: ended with exit status 0, in its body
not ok - expected/another_exit_code: ended with exit status 4 instead of 3, in its body
not ok - expected/another_signal: ended by signal 12 (User defined signal 2), in its body
not ok - expected/exit_code_of_a_body_that_returns: ended with exit status 0 instead of 3, when it was over
not ok - expected/signal_does_not_come: signal 10 (User defined signal 1) did not end it
not ok - parameters/of_which_one_fails:2: 1 failed assertions
ok - around/order
ok - disabled/suite # SKIP disabled
ok - ends/is_disabled # SKIP disabled
ok - ends/is_skipped # SKIP for a reason
ok - ends/passes
ok - expected/exit_code
ok - expected/signal
ok - parameters/of_which_one_fails:0
ok - parameters/of_which_one_fails:1
ok - parameters/of_which_one_fails:3
END
diff "$scratch/expected" "$scratch/got" > "$scratch/diff" ||
    fail "of how its tests end the runner should say (<), but says (>): $(cat "$scratch/diff")"
tail -n 1 "$scratch/log" | grep -qF 'Tested: 24 | Passing: 7 | Failing: 17 | Skipped: 3' ||
    fail "the runner counts $(tail -n 1 "$scratch/log")"

# said TEXT: whether a test said that
said()
{
    grep -qF "said: $1" "$scratch/log"
}
said information || fail "a line of a test's log is lost"
said 'after failed expectations' || fail "a failed expectation ended the test"
! said 'after a failed assertion' || fail "a failed assertion did not end the body"
! said 'body of a test whose init failed' || fail "a test was run whose init had failed"
grep -q "tests.c:[0-9]*: .*1) == (2)" "$scratch/log" || fail "a failed assertion is not named"

# ---- one test alone, in this process; the order of what is around it ----

"$scratch/tests" --test around/order 2> "$scratch/order"
tr '\n' ';' < "$scratch/order" | grep -qxF \
    'said: init of the suite;said: init;said: body;said: fini;said: fini of the suite;' ||
    fail "the order around a test is: $(cat "$scratch/order")"
! "$scratch/tests" --test parameters/of_which_one_fails:2 2> /dev/null || fail "--test passes a test that fails"
! "$scratch/tests" --test parameters/of_which_one_fails:4 2> /dev/null || fail "--test passes a parameter too many"
! "$scratch/tests" --test ends/none 2> /dev/null || fail "--test passes a test that there is not"
"$scratch/tests" --list | grep -qxF parameters/of_which_one_fails:3 || fail "--list does not name every test"
"$scratch/tests" --filter other/the_runner_has_one_thread 2> "$scratch/log" || fail "$(cat "$scratch/log")"

# ---- a program that hangs and is told to stop ----

# begin_hanging: its runner is $hanging, its processes are $processes
begin_hanging()
{
    rm -f "$scratch/fifo"
    mkfifo "$scratch/fifo"
    "$scratch/tests" --filter other/hangs 2> "$scratch/fifo" &
    hanging=$!
    exec 3< "$scratch/fifo"
    read -r _ processes <&3
}

# gone PROCESS...: they end soon. A dead one that nobody has waited for is gone, too.
gone()
{
    for process in "$@"; do
        tries=0
        while state=$(sed -n 's/^State:[^A-Z]*//p' "/proc/$process/status" 2> /dev/null) && [ "${state#Z}" = "$state" ] &&
            [ -n "$state" ]; do
            tries=$((tries + 1))
            [ $tries -lt 200 ] || return 1
            sleep 0.05
        done
    done
}

begin_hanging
kill -TERM $hanging
status=0
wait $hanging || status=$?
timeout 60 cat <&3 > "$scratch/log" || fail "a runner that was told to stop leaves processes running: $processes"
[ $status -eq 143 ] || fail "a runner that SIGTERM stops ends with $status"
grep -qF '[FAIL] other/hangs: it still ran when the runner was told to stop' "$scratch/log" ||
    fail "a runner that is told to stop does not name the test: $(cat "$scratch/log")"
# shellcheck disable=SC2086 # two processes
gone $processes || fail "a runner that is told to stop leaves $processes running"

begin_hanging
kill -KILL $hanging
wait $hanging || true
gone "${processes% *}" || fail "the test outlives a runner that was killed"
kill -KILL "${processes#* }" # the child of the test, which nobody is left to kill

# ---- with sanitizers: leaks; threads that hold locks of the allocator ----

build leaking tests.c -fsanitize=address
! "$scratch/leaking" --filter other/leaks 2> "$scratch/log" || fail "a leak is not seen"
grep -q 'other/leaks: ended with exit status [0-9]* instead of 0, when it was over' "$scratch/log" ||
    fail "a leak is not told: $(cat "$scratch/log")"

for sanitizer in address thread; do
    build threads threads.c -fsanitize=$sanitizer
    timeout 120 "$scratch/threads" 2> "$scratch/log" ||
        fail "-fsanitize=$sanitizer: workers are not run beside threads that allocate: $(cat "$scratch/log")"
    grep -qF 'Passing: 60' "$scratch/log" || fail "not all workers ran: $(cat "$scratch/log")"
done

# ---- C++ ----

objects=
for file in $runner; do
    object=$scratch/$(basename "$file").o
    # shellcheck disable=SC2086 # flags
    "$CC" -std=c11 -O1 $STRICT -Itest/support -c -o "$object" "$file"
    objects="$objects $object"
done
# shellcheck disable=SC2086 # flags, files
c++ -std=c++11 -O1 $STRICT -o "$scratch/throws" $programs/throws.cpp $objects -lcriterion -pthread
! "$scratch/throws" 2> "$scratch/log" || fail "an exception out of a test is not seen"
grep -qF 'out of the body' "$scratch/log" || fail "an exception out of a test is not told: $(cat "$scratch/log")"
grep -qF 'Passing: 1 | Failing: 1' "$scratch/log" || fail "of two tests in C++ $(tail -n 1 "$scratch/log")"
