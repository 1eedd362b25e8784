#!/bin/sh
# pond-scout on programs of which everything is known: which places it names, how often they allocate, what it
# says of each; threads, forks, other allocators, ends that nobody hears of; and what it refuses.
. test/build/lib.sh
. test/support/checks.sh

scout=${POND_SCOUT_TOOL:-build/release/pond-scout}
if [ ! -x "$scout" ]; then
    echo "skipped: pond-scout was not built"
    exit 77
fi

# looks ARGUMENT...: pond-scout, with its answers in $scratch/table and $scratch/json.
looks()
{
    "$scout" -o "$scratch/table" -j "$scratch/json" "$@"
}

# place FUNCTION VERDICT [WORDS...]: the JSON has that place, with that verdict and these words.
# shellcheck disable=SC2317 # called by check
place()
{
    line=$(grep "^{\"function\":\"$1\"" "$scratch/json" | head -n 1)
    verdict=$2
    shift 2
    for words in "\"verdict\":\"$verdict\"" "$@"; do
        case $line in
        *"$words"*) ;;
        *)
            echo "$words is not in: $line"
            return 1
            ;;
        esac
    done
}

times=20000
quiet='-Wno-unused-result -Wno-alloc-size-larger-than'
# shellcheck disable=SC2086 # flags
"$CC" -std=gnu11 -O2 -g $quiet -o "$scratch/sites" test/scout/program/sites.c -pthread
check "it runs a program" looks --rate 100000000 -- "$scratch/sites" $times
check "behind a wrapper, without a frame of its own" place conn_new pond '"size":160,' '"type":"struct conn"' \
    "\"gets\":$times," '"hit_ratio":0.9999'
check "freed by another thread" place note_new pond '"size":48,' "\"gets\":$((times / 20))," '"other_thread":1,'
check "an object with its parts" place session_make create '"parts":2' "\"gets\":$times," '"size":64,' \
    '"type":"struct session"'
check "what is never freed" place keep kept "\"gets\":$times"
check "what realloc changes" place grow resized
check "text" place text buffer
check "the lines of C name the type" \
    grep -q 'POND_DEFINE(pond_conn, struct conn, .name = "conn")' "$scratch/table"
check "those of an object with parts" grep -q '\.create = session_make' "$scratch/table"
check "it is JSON" sh -c "! command -v python3 > /dev/null || python3 -m json.tool '$scratch/json'"

# shellcheck disable=SC2086 # flags
"$CC" -std=gnu11 -O0 -g $quiet -o "$scratch/sites0" test/scout/program/sites.c -pthread
check "without optimisation" looks -- "$scratch/sites0" 2000
check "the same object" place conn_new pond '"size":160,' '"type":"struct conn"'

status=0
looks --rate 100000000 -- "$scratch/sites" 2000 killed 2> "$scratch/err" || status=$?
check "killed: the status" test $status -eq 137
check "killed: all was counted" place conn_new pond '"gets":2000,'

# A signal to pond-scout alone goes to the command, which says when it is ready for one.
mkfifo "$scratch/ready"
# shellcheck disable=SC2016 # that shell's
"$scout" -o "$scratch/table" -- sh -c 'trap "exit 5" USR1; echo > "$1"; while :; do sleep 0.1; done' sh "$scratch/ready" \
    2> "$scratch/err" &
read -r _ < "$scratch/ready"
status=0
kill -s USR1 $!
wait $! || status=$?
check "signals are passed on" test $status -eq 5

"$CXX" -std=c++14 -O2 -g -o "$scratch/objects" test/scout/program/objects.cc
check "C++" looks --rate 100000000 -- "$scratch/objects" 2000
check "what a template allocates belongs to the function that uses it" place accept_one pond '"size":272,' '"gets":2000,'

for library in jemalloc tcmalloc_minimal mimalloc; do
    # shellcheck disable=SC2086 # words
    if "$CC" -std=gnu11 -O2 -g $quiet -o "$scratch/other" test/scout/program/sites.c -pthread \
        -Wl,--no-as-needed -l$library 2> /dev/null; then
        check "with $library" looks --rate 100000000 -- "$scratch/other" 2000
        check "with $library: all was counted" place conn_new pond '"gets":2000,'
    fi
done

"$CC" -std=gnu11 -O2 -g -o "$scratch/storm" test/scout/program/storm.c -pthread
check "threads and forks" looks --rate 300000 --keep "$scratch/kept" -- "$scratch/storm"
cp "$scratch/checked" "$scratch/printed"
# shellcheck disable=SC2317 # called by check
estimated()
{
    truth=$(grep -E '^[0-9]+$' "$scratch/printed")
    sed -n 's/^{"function":"object_new".*"gets":\([0-9]*\),.*/\1/p' "$scratch/json" | awk -v truth="$truth" '
        { sum += $1 }
        END { print sum, truth; exit !(sum > 0.97 * truth && sum < 1.03 * truth) }'
}
check "one in several was recorded" grep -q 'one in' "$scratch/table"
check "it counts for as many" estimated
# shellcheck disable=SC2317 # called by check
children()
{
    count=0
    for file in "$scratch"/kept/*.scout; do
        process=${file##*/}
        looks --read "$scratch/kept" --process "${process%%.*}"
        grep -q ': 1000 allocations' "$scratch/table" && count=$((count + 1))
    done
    echo "of $count children: $(ls "$scratch/kept")"
    [ "$count" -ge 4 ]
}
check "a child of fork() has a file of its own, with its own objects alone" children

refuses "no command" 'it takes a command' "$scout"
refuses "a command that is not there" 'cannot be run' "$scout" -- "$scratch/none"
refuses "an option that is not there" "no option '--none'" "$scout" --none
refuses "a rate that is no number" "not 'x'" "$scout" --rate x -- true
refuses "a directory that is there" 'cannot be made' "$scout" --keep "$scratch" -- true
refuses "a directory that is not" 'cannot be read' "$scout" --read "$scratch/none"
mkdir "$scratch/empty"
head -c 20000000 /dev/zero > "$scratch/empty/1.0.scout"
head -c 1000 /dev/urandom > "$scratch/empty/2.0.scout"
refuses "files that are none" 'nothing was counted' "$scout" --read "$scratch/empty"
# completed WORD...: what bash offers for the last of them
completed()
{
    # shellcheck disable=SC2016 # the inner shell's own
    bash -c '. src/scout/pond-scout.bash
             COMP_WORDS=(pond-scout "$@") COMP_CWORD=$#
             _pond_scout && echo "${COMPREPLY[*]}"' bash "$@"
}
check "completion: options" test "$(completed -o table --le)" = --least
check "completion: a value that is a number" test "$(completed --least 5)" = ''
check "completion: files" test "$(completed -j "$scratch/tabl")" = "$scratch/table"
check "completion: directories" test "$(completed --read "$scratch/emp")" = "$scratch/empty"
check "completion: the command" test "$(completed -o table -- gunzi | tr ' ' '\n' | sort -u)" = gunzip
check "completion: what the command takes" test "$(completed -- gunzip "$scratch/tabl")" = "$scratch/table"
check "completion: bash knows it" bash -c '. src/scout/pond-scout.bash && complete -p pond-scout'
"$scout" --help > "$scratch/help"
for option in $(completed --); do
    check "$option, which is completed, is in the help" grep -q -- "$option" "$scratch/help"
done
version=$(sed -n 's/^.define POND_VERSION "\(.*\)"/\1/p' include/pond/pond.h)
check "its version" test "$("$scout" --version)" = "pond-scout $version"
exit $failed
