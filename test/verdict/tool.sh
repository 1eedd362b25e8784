#!/bin/sh
# pond-prof verdict and watch, on profiles whose history is made by hand: each kind comes out as itself, what is wrong in a
# history is told, and whoever wants to be told of a verdict is.
. test/profile/prof/lib.sh

# profile KIND FILE [MAKE OPTION]: the history of a kind, see test/verdict/history
profile()
{
    test/verdict/history "$1" | "$make_profile" ${3:+"$3"} > "$2"
}

# says KIND STATUS HEADING SENTENCE...: what verdict prints of it
says()
{
    kind=$1 expected=$2 heading=$3
    shift 3
    profile "$kind" "$scratch/$kind"
    status=0
    "$prof" verdict --all "$scratch/$kind" > "$scratch/said" 2> "$scratch/errors" || status=$?
    check "$kind: status $expected" is "$status $(cat "$scratch/errors")" "$expected "
    check "$kind: its heading" grep -q "^$heading" "$scratch/said"
    tr -s '\n ' '  ' < "$scratch/said" > "$scratch/line"
    for sentence; do
        check "$kind: $sentence" grep -qF "$sentence" "$scratch/line"
    done
}

says leak 1 'leak: conns, .* in use, 4[0-9][0-9].*KiB a minute more$' 'conn_new < accept < serve < main' \
    'KiB a minute for the last 30 min' 'recorded objects that got older than 2 min 11 s none has ended' \
    'less than once in a million times' 'Next: find the put that is missing' 'Watched for 30 min' 'cannot be known' \
    '1 stack: 1 leak. Gets were sampled for 1800 s.'
says slow 1 'slow leak: conns' 'by 31.79 KiB a minute' 'once in 29988 times'
says held 1 'held: conns' '3 objects are in use for 25 min or longer' 'of 60 others' 'longer than 4.1 s' 'Next: look at what'
says warm 1 'warming up: conns' 'ever less comes' 'in the older half of the last 30 min' 'Next: look again later'
says filling 1 'filling, 50%: conns' "50% of the pond's max_objects are in use" 'full in 30 min' 'Then gets fail'
says steady 0 'steady: conns' 'ends, or does not add up' '1 stack: 1 steady.'

# in a minute of a finer rate a hundred times as many of them were recorded
test/verdict/history leak | perl -pe 's/(?<=^on 0 1 )(\S+)/join ",", map { my $a = $_; $a > 600 && $a < 660 ? map { ($a - $_ \/ 100)."*0.1" } 1 .. 100 : "$a*10" } split ",", $1/e' |
    "$make_profile" > "$scratch/fine"
check "leak, of which a part was recorded at a finer rate" is "$("$prof" verdict "$scratch/fine" | sed -n '1s/:.*//p')" leak

test/verdict/history leak 3 | "$make_profile" > "$scratch/early"
check "too early: status 0" "$prof" verdict "$scratch/early" -o "$scratch/said"
check "too early: nobody is blamed" is "$(cat "$scratch/said")" '1 stack: 1 too early. Gets were sampled for 180 s.'
"$prof" verdict --all "$scratch/early" | tr -s '\n ' '  ' > "$scratch/line"
check "too early: what it says" grep -qF 'a leak is told from 15 min on, and it is watched for 3 min' "$scratch/line"
status=0
"$prof" verdict --fast 10 "$scratch/early" > "$scratch/said" || status=$?
# 480 KiB in a real minute are 48 in one of the rule
check "--fast 10: three minutes are thirty" is "$status $(sed -n 's/:.*//p' "$scratch/said" | head -n 1)" '1 slow leak'
check "--fast says so" grep -qE 'divided by 10,|All times of the rule' "$scratch/said"
check "nothing of steady ones without --all" is "$("$prof" verdict "$scratch/steady" | wc -l)" 1
# two KIND OTHER FILE: of another pond as well
two()
{
    { test/verdict/history "$1"; test/verdict/history "$2" | sed -e '/^history/d' -e 's/^of 1 conns/of 2 buffers/' \
        -e 's/^on 0 1/on 1 2/' -e 's/pond=conns/pond=buffers/'; } | "$make_profile" > "$3"
}
two warm held "$scratch/both"
check "the worst first, however small" is "$("$prof" verdict "$scratch/both" | sed -n 's/^\([a-z ]*: [a-z]*\),.*/\1/p' | tr '\n' ' ')" \
    'held: buffers warming up: conns '
# a function that the terminal would obey
sed 's/conn_new/conn\o033]0;new/' < test/verdict/history > "$scratch/strange"
perl "$scratch/strange" leak | "$make_profile" > "$scratch/named"
"$prof" verdict "$scratch/named" > "$scratch/said" || true
check "names that would steer a terminal" sh -c "! LC_ALL=C tr -d '\n' < $scratch/said | LC_ALL=C grep -q '[[:cntrl:]]'"

# ---- what is wrong ----

refuses "a profile without a history" 'it has no history to judge by' "$prof" verdict "$scratch/heap.pb.gz"
broken()
{
    { test/verdict/history leak; test/verdict/history leak | sed -n 's/^of 1/of 2/p'; } |
        "$make_profile" "--break=history-$1" > "$scratch/broken"
    refuses "a history with $3" "$2" "$prof" verdict "$scratch/broken"
    check "top does not mind" "$prof" top "$scratch/broken"
}
broken text 'it has no text 99999' 'a text that is not there'
broken troughs 'troughs of objects and' 'unequal troughs'
broken twice 'two ponds have the id 1' 'an id twice'
broken interval 'impossible interval' 'a negative interval'
broken lives 'counts of lives' 'unequal lives'
broken seconds 'impossible times' 'an infinite life'
broken weights 'ages and 1 weights' 'fewer weights than ages'
broken weight 'impossible number of objects' 'a negative weight'
broken sample 'it has no sample 99999' 'a sample that is not there'
refuses "no source" 'takes one SOURCE' "$prof" verdict
refuses "a factor that is none" 'not a factor' "$prof" verdict --fast 0 "$scratch/leak"
refuses "a factor that is no number" 'not a factor' "$prof" verdict --fast fast "$scratch/leak"
refuses "watch: no source" 'takes one SOURCE' "$prof" watch
refuses "watch: too often" 'not a number of seconds' "$prof" watch --every 0.1 "$scratch/leak"

# ---- watch ----

mkfifo "$scratch/told"
exec 4<> "$scratch/told" # the command finds somebody who reads
# next_told: a line of what the command wrote
next_told()
{
    # shellcheck disable=SC2016 # the inner shell's own
    timeout 60 sh -c 'IFS= read -r line <&4 && printf "%s" "$line"'
}
put()
{
    cp "$scratch/$1" "$scratch/source.new"
    mv "$scratch/source.new" "$scratch/source"
}
put steady
# shellcheck disable=SC2016 # the command's own shell
"$prof" watch --every 1 --exec 'echo "$POND_VERDICT|$POND_NAME|$POND_FUNCTION|$(head -c 5)" >&4' "$scratch/source" \
    > "$scratch/log" 2> "$scratch/errors" &
watcher=$!
put leak
check "watch: a leak that appears" is "$(next_told)" 'leak|conns|conn_new|leak:'
two leak slow "$scratch/more"
put more
check "watch: another one; what was told is not told again" is "$(next_told)" 'slow leak|buffers|conn_new|slow '
put slow
check "watch: a verdict that changes" is "$(next_told)" 'slow leak|conns|conn_new|slow '
rm "$scratch/source"
until grep -q 'asked again' "$scratch/errors"; do kill -0 $watcher || break; sleep 0.1; done
put held
check "watch: a source that went away and came back" is "$(next_told)" 'held|conns|conn_new|held:'
check "watch: it says that it went" grep -q 'No such file' "$scratch/errors"
check "watch: it says that it came back" grep -q 'it answers again' "$scratch/errors"
put steady
until grep -q 'was held, is steady: conns' "$scratch/log"; do kill -0 $watcher || break; sleep 0.1; done
put leak
check "watch: no command for what is steady" is "$(next_told)" 'leak|conns|conn_new|leak:'
kill -TERM $watcher
status=0
wait $watcher || status=$?
check "watch: SIGTERM ends it" is "$status" 0
check "watch: all of them in its log" is \
    "$(grep -oE 'UTC  (was [a-z ]+, is )?[a-z ]+: conns' "$scratch/log" | cut -c 6- | tr '\n' ';')" \
    'leak: conns;was leak, is slow leak: conns;was slow leak, is held: conns;was held, is steady: conns;leak: conns;'
status=0
# shellcheck disable=SC2016 # the command's own shell
timeout -k 5 -s INT 20 "$prof" watch --every 60 --exec 'kill -INT $PPID; exec sleep 100' "$scratch/leak" \
    > "$scratch/log" 2>&1 || status=$?
check "watch: SIGINT ends it while the command runs" is "$status" 0
status=0
# shellcheck disable=SC2016 # the command's own shell
"$prof" watch --every 1 --exec 'kill -TERM $PPID; exit 3' "$scratch/leak" > "$scratch/log" 2>&1 || status=$?
check "watch: a command that fails" is "$status" 0
exit $failed
