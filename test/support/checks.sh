# Shared by shell tests: each prints "ok TITLE" or "FAIL TITLE" with what there is to say, and counts in $failed.
# shellcheck shell=sh disable=SC2034,SC2154 # used by those who source this, who have set $scratch or $work
failed=0

# check TITLE COMMAND...: the command succeeds; what it prints is in $scratch/checked.
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

# report STATUS TITLE: of a command that has ended; what there is to say of a failure is in $work/said.
report()
{
    if [ "$1" -eq 0 ]; then
        echo "ok $2"
        return
    fi
    failed=1
    echo "FAIL $2"
    sed 's/^==[0-9]*==/    /; s/^/    /' "$work/said"
}
