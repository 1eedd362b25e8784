# Shared by the tests of what tools are told, beside test/build/lib.sh: the programs of test/check/tools are
# right or wrong, and have to be found so.
# shellcheck shell=sh disable=SC2154 # the scratch directory
unset POND_DEBUG
export ASAN_OPTIONS='' LSAN_OPTIONS='' MSAN_OPTIONS='' TSAN_OPTIONS=''

plain=build/release

# built NAME COMPILER SOURCE LIBRARY FLAG...: the program $scratch/NAME
built()
{
    name=$1 compiler=$2 source=$3 library=$4
    shift 4
    "$compiler" -std=c11 -O1 -g -Iinclude "$@" -o "$scratch/$name" "test/check/tools/$source.c" \
        "$library" -pthread -Wl,-rpath,"$PWD/$plain"
}

# run NAME COMMAND...: what it says is in $scratch/said
run()
{
    "$@" > "$scratch/said" 2>&1
}

silent()
{
    title=$1
    shift
    run "$@" || fail "$title: $(cat "$scratch/said")"
    [ "$(cat "$scratch/said")" = "done" ] || fail "$title is not silent: $(cat "$scratch/said")"
    echo "ok $title"
}

# finds TITLE PATTERN COMMAND...: it fails, and says this.
finds()
{
    title=$1 pattern=$2
    shift 2
    ! run "$@" || fail "$title: not found: $(cat "$scratch/said")"
    grep -qE "$pattern" "$scratch/said" || fail "$title: in place of $pattern: $(cat "$scratch/said")"
    ! grep -q '^==[0-9]*== pond: ' "$scratch/said" || fail "$title: found by pond: $(cat "$scratch/said")"
    echo "ok $title"
}
