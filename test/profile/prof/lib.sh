# Shared by the tests of pond-prof: the program in $prof, profiles, and what is checked of a run.
# shellcheck shell=sh
. test/build/lib.sh

prof=${POND_PROF:-build/release/pond-prof}
if [ ! -x "$prof" ]; then
    echo "skipped: pond-prof was not built"
    exit 77
fi
make_profile=test/profile/prof/make
stacks=test/profile/prof/stacks

# "heap" and "later": of one process, and of its successor, at other addresses, in which buffers grew, 20 upgraded
# connections ended, and nothing was idle for the next tick.
"$make_profile" < $stacks | gzip -n > "$scratch/heap.pb.gz"
sed -e 's/700 2867200$/900 3686400/' -e '/upgrade/d' -e '/victim/d' $stacks |
    "$make_profile" --base=0x7f0000000000 | gzip -n > "$scratch/later.pb.gz"

# refuses TITLE WORDS COMMAND...: exit status 2, nothing on standard output, one line on standard error that has
# WORDS in it.
refuses()
{
    title=$1 words=$2
    shift 2
    status=0
    timeout 120 "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null || status=$?
    if [ $status -ne 2 ] || [ -s "$scratch/out" ] || [ "$(wc -l < "$scratch/err")" -ne 1 ]; then
        echo "FAIL $title: status $status; it printed:"
        head -c 600 "$scratch/out"
        head -c 600 "$scratch/err"
        failed=1
    elif ! grep -qF -- "$words" "$scratch/err"; then
        echo "FAIL $title: '$words' is not in: $(cat "$scratch/err")"
        failed=1
    else
        echo "ok $title"
    fi
}

# check TITLE COMMAND...: the command succeeds
check()
{
    title=$1
    shift
    if "$@" > "$scratch/checked" 2>&1; then
        echo "ok $title"
    else
        echo "FAIL $title: $(head -c 2000 "$scratch/checked")"
        failed=1
    fi
}

# is TEXT EXPECTED
is()
{
    [ "$1" = "$2" ] || {
        echo "it is '$1', and not '$2'"
        return 1
    }
}
# shellcheck disable=SC2034 # what those who source this return
failed=0
