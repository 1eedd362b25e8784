#!/bin/sh
# pond-prof top, diff and get say of a profile what is in it: figures worked out by hand, and those of Go's pprof.
. test/profile/prof/lib.sh

# row FILE FUNCTION: its flat and cum, without percentages
row()
{
    awk -v name="$2" '{ line = $0; sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+  /, "", line)
                        if (line == name) print $1, $4 }' "$1"
}

heap=$scratch/heap.pb.gz later=$scratch/later.pb.gz

# ---- top ----

"$prof" top --exact "$heap" > "$scratch/top"
# 102400 + 20480 + 2867200 + 327680 + 40960 live, 262144 + 131072 + 10240 idle
check "the total" grep -q '^Shown: 3762176B, 100% of 3762176B\.$' "$scratch/top"
check "flat, of several stacks" is "$(row "$scratch/top" grow)" '3235840B 3235840B'
check "cum of a function that calls itself" is "$(row "$scratch/top" parse)" '0B 327680B'
check "cum of an inlined function" is "$(row "$scratch/top" accept_one)" '0B 102400B'
check "an address without function" is "$(row "$scratch/top" server+0x1230)" '0B 40960B'
check "what is idle" is "$(row "$scratch/top" '[idle in thread caches]')" '262144B 262144B'
check "the largest first" is "$(awk 'NR == 4 { print $6 }' "$scratch/top")" grow

"$prof" top --exact --cum -n 3 "$heap" > "$scratch/cum"
check "--cum: the largest in all that it called first" is "$(awk 'NR > 4 { print $6 }' "$scratch/cum" | tr '\n' ' ')" \
    'main serve grow '
check "-n 3: three of them" is "$(awk 'NR > 4' "$scratch/cum" | wc -l)" 3
check "-n 3 says so" grep -q '^3 of 12 functions; -n 0 shows all\.$' "$scratch/cum"
"$prof" top "$heap" > "$scratch/units"
check "readable units" is "$(row "$scratch/units" grow)" '3.09MiB 3.09MiB'
"$prof" top --value alloc_objects "$heap" > "$scratch/objects"
check "--value" is "$(row "$scratch/objects" grow)" '5810 5810'
check "--value: what nobody got" is "$(row "$scratch/objects" '[idle in thread caches]')" ''

"$prof" top --exact --pond conns "$heap" > "$scratch/pond"
check "--pond" is "$(row "$scratch/pond" main) $(row "$scratch/pond" grow)" '0B 122880B '
check "--pond: percentages are of all" grep -q '^Shown: 133120B, 3.54% of 3762176B\.$' "$scratch/pond"
"$prof" top --exact --pond conns --state live "$heap" > "$scratch/live"
check "--pond and --state" grep -q '^Shown: 122880B, 3.27% of 3762176B\.$' "$scratch/live"
"$prof" top --exact --focus '^par' "$heap" > "$scratch/focus"
check "--focus on a function" is "$(row "$scratch/focus" main)" '0B 327680B'
"$prof" top --exact --focus 'tls[.]c' "$heap" > "$scratch/focus"
check "--focus on a file" is "$(row "$scratch/focus" main)" '0B 20480B'
"$prof" top --pond none "$heap" > "$scratch/none" 2> "$scratch/told"
check "a pond that is not there: those that are" grep -qx "pond-prof: no sample has the pond 'none'; there are: conns, buffers\." \
    "$scratch/told"

gzip -dc "$heap" > "$scratch/plain"
"$prof" top --exact "$scratch/plain" | tail -n +2 > "$scratch/same"
check "a profile that is not gzipped" sh -c "tail -n +2 $scratch/top | cmp - $scratch/same"
"$prof" top --exact - < "$heap" | tail -n +2 > "$scratch/same"
check "standard input" sh -c "tail -n +2 $scratch/top | cmp - $scratch/same"
"$prof" get "$heap" -o "$scratch/copy"
check "get" cmp "$heap" "$scratch/copy"

# The name of a function is whatever its profile says: nothing of it steers a terminal.
printf 'pond=x,state=live main;\033]0;title\007<b>&"\302\233m;\377 1 2 3 4\n' | "$make_profile" > "$scratch/strange"
"$prof" top "$scratch/strange" > "$scratch/shown"
check "names that would steer a terminal" sh -c "! LC_ALL=C grep -q '[[:cntrl:]]' $scratch/shown"

: | "$make_profile" > "$scratch/nothing"
check "a profile without samples" sh -c "$prof top $scratch/nothing 2>&1 | grep -q 'the profile has no samples'"
printf 'type samples count\ntype cpu nanoseconds\ndefault samples\n- main;work 3 4500000\n- main 1 500000\n' |
    "$make_profile" > "$scratch/cpu"
check "a profile of something else: its own usual value" grep -q '3 75.00% 75.00%          3 75.00%  work' <<END
$("$prof" top "$scratch/cpu")
END
check "another unit" grep -q '4.50ms 90.00% 90.00%     4.50ms 90.00%  work' <<END
$("$prof" top --value cpu "$scratch/cpu")
END
printf -- '- main;run@a.c 1 1 1 10\n- main;run@b.c 1 1 1 20\n' | "$make_profile" > "$scratch/twins"
check "functions of one name in two files" is "$("$prof" top "$scratch/twins" | awk 'NR > 3 { print $1, $6, $7 }' | tr '\n' ' ')" \
    '20B run (b.c) 10B run (a.c) 0B main  '

# ---- diff ----

"$prof" diff --exact "$heap" "$later" > "$scratch/diff"
# before: 3762176; buffers grew by 819200; gone are 20480 of connections and 131072 of idle objects
check "diff: before, now, changed" grep -q '^Before 3762176B, now 4429824B, changed by 667648B\.' "$scratch/diff"
check "diff: what grew" is "$(row "$scratch/diff" grow) $(row "$scratch/diff" read_body)" '819200B 819200B 0B 819200B'
check "diff: what shrank" is "$(row "$scratch/diff" upgrade) $(row "$scratch/diff" conn_new)" \
    '0B -20480B -20480B -20480B'
check "diff: other addresses, the same functions" is "$(row "$scratch/diff" server+0x1230)" ''
check "diff: the grown first, then the shrunk" is "$(awk 'NR > 3 { print $6 }' "$scratch/diff" | tr '\n' ' ')" \
    'grow read_body main serve [idle conn_new upgrade '
check "diff with itself" is "$("$prof" diff "$heap" "$heap" | tail -n +4)" ''
"$prof" diff --exact "$later" "$heap" > "$scratch/back"
check "diff the other way" is "$(row "$scratch/back" grow)" '-819200B -819200B'
check "diff: -n keeps the largest changes, whichever sign they have" is \
    "$("$prof" diff -n 2 "$heap" "$later" | awk 'NR > 4 { print $6 }' | tr '\n' ' ')" 'grow [idle '

# ---- what is told about the tool ----

for command in get top diff flame record help; do
    check "$command --help: an example first" sh -c "$prof $command --help | head -n 3 | grep -q '^    pond-prof'"
done
if command -v mandoc > /dev/null; then
    check "the man page" mandoc -T lint -W warning src/prof/pond-prof.1
fi
# Every option of the program's own help is in its man page, and every one that is completed is in its help.
for command in get top diff flame record; do "$prof" $command --help; done > "$scratch/help"
grep -oE '^ +(-[a-z], )?--[a-z]+' "$scratch/help" | grep -oE '[a-z]{2,}' | sort -u > "$scratch/options"
check "options were found in the help" [ "$(wc -l < "$scratch/options")" -ge 9 ]
while read -r option; do
    check "pond-prof(1) has --$option" grep -q -- "Fl -$option" src/prof/pond-prof.1
done < "$scratch/options"

# completed WORD...: what bash offers for the last of them
completed()
{
    # shellcheck disable=SC2016 # the inner shell's own
    bash -c '. src/prof/pond-prof.bash
             COMP_WORDS=(pond-prof "$@") COMP_CWORD=$#
             _pond_prof && echo "${COMPREPLY[*]}"' bash "$@"
}
check "completion: commands" is "$(completed fl)" flame
check "completion: options" is "$(completed top --fo)" --focus
check "completion: options of that command only" is "$(completed get --fo)" ''
check "completion: values" is "$(completed top --value alloc_s)" alloc_space
check "completion: states" is "$(completed flame --state v)" victim
check "completion: files" is "$(completed top "$scratch/hea")" "$scratch/heap.pb.gz"
check "completion: commands to record" is "$(completed record -o a.svg -- mandoc-or-els)" ''
check "completion: bash knows it" bash -c '. src/prof/pond-prof.bash && complete -p pond-prof'
for option in $(completed top --) $(completed get --) $(completed flame --) $(completed record --); do
    case $option in
    -- | --help) ;;
    --number) check "completed: $option" grep -q -- '-n ROWS' "$scratch/help" ;;
    *) check "completed: $option" grep -q -- "$option" "$scratch/help" ;;
    esac
done

# ---- the same as Go's pprof ----

if ! command -v go > /dev/null; then
    echo "left out: there is no go here to compare with"
    exit $failed
fi
# figures FILE: "flat cum name" of its table, in bytes as numbers, without what is drawn differently
figures()
{
    awk 'seen { line = $0; sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+  /, "", line); sub(/ \((partial-)?inline\)$/, "", line)
                if (line !~ /server/) printf "%.0f %.0f %s %s %s\n", $1, $4, $2, $5, line }
         $1 == "flat" { seen = 1 }' "$1" | sort
}
export PPROF_TMPDIR="$scratch"
for value in alloc_objects alloc_space inuse_objects inuse_space; do
    for file in "$heap" "$later"; do
        go tool pprof -top -nodefraction=0 -unit=B -sample_index=$value "$file" > "$scratch/go" 2> /dev/null
        "$prof" top -n 0 --exact --value $value "$file" > "$scratch/ours"
        figures "$scratch/go" > "$scratch/expected"
        figures "$scratch/ours" > "$scratch/found"
        [ -s "$scratch/expected" ] || fail "go tool pprof printed no table"
        # pprof leaves out functions with 0, too, but those that lead to others
        grep -v '^0 0 ' "$scratch/expected" > "$scratch/wanted"
        check "as pprof: $value of ${file##*/}" diff "$scratch/wanted" "$scratch/found"
    done
done
go tool pprof -top -nodefraction=0 -unit=B -tagfocus=pond=conns "$heap" > "$scratch/go" 2> /dev/null
"$prof" top -n 0 --exact --pond conns "$heap" > "$scratch/ours"
figures "$scratch/go" > "$scratch/expected"
figures "$scratch/ours" > "$scratch/found"
check "as pprof: one pond" diff "$scratch/expected" "$scratch/found"
go tool pprof -top -nodefraction=0 -unit=B -diff_base "$heap" "$later" > "$scratch/go" 2> /dev/null
"$prof" diff -n 0 --exact "$heap" "$later" > "$scratch/ours"
figures "$scratch/go" | grep -v '^0 0 ' > "$scratch/expected"
figures "$scratch/ours" > "$scratch/found"
check "as pprof: a difference" diff "$scratch/expected" "$scratch/found"
exit $failed
