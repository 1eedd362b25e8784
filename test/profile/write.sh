#!/bin/sh
# libpond-profile: profiles of known stacks and of real ponds, looked at by Go's tool and with the format's own
# schema, as folded stacks, and as text. Figures are compared, not only that something is printed.
. test/build/lib.sh
. test/profile/write/look.sh
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE LD_LIBRARY_PATH

built=$PWD/build/release
sources=$PWD/test/profile/write
schema=/usr/share/gocode/src/github.com/google/pprof/proto
needs "$built/libpond-profile.a" "$built/libpond-symbol.so.0" "$schema/profile.proto"

# program NAME FLAG...: $scratch/NAME
program()
{
    name=$1
    shift
    # shellcheck disable=SC2086 # a list of flags
    "$CC" -std=c11 $STRICT -D_GNU_SOURCE -Iinclude -Isrc -O2 -g -fno-optimize-sibling-calls -o "$scratch/$name" \
        "$sources/program.c" "$@" -pthread
}

# run NAME ARGUMENT...: with libpond-symbol to be found; $scratch/said
run()
{
    name=$1
    shift
    LD_LIBRARY_PATH=$built "$scratch/$name" "$@" > "$scratch/said" || fail "$name $*: $(cat "$scratch/said")"
}

# idle COLUMN [POND]: what pond_stats_read said of it, of this pond or of all. Columns: objects local, shared,
# victim, bytes of the same
idle()
{
    awk -F '\t' -v column="$(($1 + 1))" -v name="${2-}" '
        name == "" || $1 == name { sum += $column } END { print sum + 0 }' "$scratch/stats"
}

program plain "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc" "$built/libpond-profile.a" "$built/libpond.a" \
    -lprotobuf-c -lz -ljansson -lm
run plain pprof "$scratch/heap.pb.gz"
cp "$scratch/said" "$scratch/stats"
run plain before "$scratch/before.pb.gz"
heap=$scratch/heap.pb.gz before=$scratch/before.pb.gz
for state in 1 2 3; do
    [ "$(idle $state)" -gt 0 ] || fail "nothing is idle in a state: $(cat "$scratch/stats")"
done

# ---- Go's tool ----

look -unit=B -top "$heap"
says "what is in use is shown first" "$scratch/seen" '^Type: inuse_space$'
says "lost samples are told" "$scratch/seen" '^3 samples were lost'
is "the leak is in the function that leaked" "$(cum leak_request)" 204864
is "an inlined function has a line of its own" "$(flat take_buffer)" 204864
says "and is marked so" "$scratch/seen" ' take_buffer \(inline\)$'
is "what is in use of the other pond" "$(flat serve_request)" 6400
is "idle bytes in thread caches are exact" "$(flat '[idle in thread caches]')" "$(idle 4)"
is "idle bytes in the depot are exact" "$(flat '[idle in the depot]')" "$(idle 5)"
is "idle bytes since the last tick are exact" "$(flat '[idle since the last tick]')" "$(idle 6)"
look -sample_index=inuse_objects -top "$heap"
is "idle objects in thread caches are exact" "$(flat '[idle in thread caches]')" "$(idle 1)"
is "idle objects in the depot are exact" "$(flat '[idle in the depot]')" "$(idle 2)"
is "idle objects since the last tick are exact" "$(flat '[idle since the last tick]')" "$(idle 3)"
is "100 stacks of three tenths of an object are 30" "$(cum small_parts)" 30
is "objects in use" "$(cum leak_request)" 800
look -sample_index=alloc_objects -top -cum "$heap"
is "all objects that were got" "$(cum serve)" 6330
is "nothing idle was got" "$(flat '[idle in the depot]')" none
look -unit=B -sample_index=alloc_space -top "$heap"
is "bytes of them, freed ones too" "$(cum serve_request)" $((5000 * 256 + 300 * 64))

for base in -base -diff_base; do
    look -unit=B -top "$base=$before" "$heap"
    is "$base: what grew" "$(cum leak_request)" $((204864 - 51216))
done
look -unit=B -top "-base=$heap" "$heap"
is "a profile less itself is nothing" "$(cum serve)" none

look -unit=B -list=leak_request "$heap"
says "-list: the line of the source" "$scratch/seen" '204864B  *[0-9]+:.*/\* LEAK \*/$'
look -unit=B -top -tagfocus=pond=buffers "$heap"
is "-tagfocus: this pond's" "$(flat '[idle in thread caches]')" "$(idle 4 buffers)"
is "-tagfocus: not another one's" "$(cum serve_request)" none
look -unit=B -top -tagfocus=state=live "$heap"
is "-tagfocus: what is live" "$(flat '[idle in the depot]')" none
look -unit=B -top -tagfocus=256B "$heap"
is "-tagfocus: by size" "$(cum serve)" 204864
look -unit=B -top -tagroot=state,pond "$heap"
is "-tagroot: a root for what is idle" "$(cum victim)" "$(idle 6)"
is "-tagroot: and for what is live" "$(cum live)" $((204864 + 6400 + 240))
is "-tagroot: and for each pond" "$(cum buffers)" $((204864 + $(idle 4 buffers) + $(idle 5) + $(idle 6)))
look -traces "$heap"
tr '\n' ' ' < "$scratch/seen" | tr -s ' ' > "$scratch/line"
says "-traces: labels and frames" "$scratch/line" \
    'pond: buffers type: struct buffer state: live bytes: 256B 200.06kB take_buffer \(inline\) leak_request serve main'

look -raw "$heap"
says "-raw: a place has all its functions" "$scratch/seen" \
    "M=1 take_buffer $sources/program.c:$(grep -n INLINED "$sources/program.c" | cut -d : -f 1) "
says "-raw: functions, files, lines and inlined frames of the program" "$scratch/seen" \
    "^1: 0x.*/plain $(readelf -n "$scratch/plain" | sed -n 's/.*Build ID: //p') \[FN\]\[FL\]\[LN\]\[IN\]$"
says "-raw: the rate" "$scratch/seen" '^Period: 524288$'

# Addresses are those of calls: what addr2line finds without being told so.
address=$(sed -n 's/^ *[0-9]*: \(0x[0-9a-f]*\) M=1 serve .*/\1/p' "$scratch/seen" | head -n 1)
line=$(sed -n 's/^ *[0-9]*: 0x.* M=1 serve .*program.c:\([0-9]*\) .*/\1/p' "$scratch/seen" | head -n 1)
map=$(sed -n 's,^1: \(0x[0-9a-f]*\)/0x[0-9a-f]*/\(0x[0-9a-f]*\) .*,\1 \2,p' "$scratch/seen")
offset=$(printf '0x%x' $((address - ${map% *} + ${map#* })))
found=$(addr2line -e "$scratch/plain" "$offset" | sed 's/.*://; s/ .*//')
is "an address is that of the call" "$found" "$line"

# ---- the schema ----

gunzip -t < "$heap" || fail "the profile is not gzipped"
gunzip < "$heap" > "$scratch/heap.pb"
protoc --proto_path="$schema" --decode=perftools.profiles.Profile profile.proto < "$scratch/heap.pb" \
    > "$scratch/all" || fail "protoc does not read the profile"
awk '/^1000 \{/ { ours = 1 } !ours; /^}/ { ours = 0 }' "$scratch/all" > "$scratch/seen"
! grep -qE '^ *[0-9]+(: | \{)' "$scratch/seen" || fail "there are fields that the schema does not have"
! cmp -s "$scratch/all" "$scratch/seen" || fail "there is no history"
# text NUMBER: an entry of the table of strings
text() { grep '^string_table: ' "$scratch/seen" | sed -n "$(($1 + 1))s/^string_table: \"\(.*\)\"\$/\1/p"; }
field() { sed -n "s/^ *$1: //p" "$scratch/seen" | head -n 1; }
is "the schema: the first string" "$(text 0)" ""
is "the schema: what is shown first" "$(text "$(field default_sample_type)")" inuse_space
is "the schema: the period" "$(field period)" 524288
is "the schema: numbers have units" "$(text "$(field num_unit)")" bytes
now=$(date +%s) then=$(field time_nanos)
[ $((now - then / 1000000000)) -le 60 ] || fail "time_nanos is $then at $now"
types=$(sed -n '/^sample_type/,/^}/s/^  [a-z]*: //p' "$scratch/seen" | while read -r number; do text "$number"; done)
is "the schema: the types" "$(echo "$types" | xargs)" \
    "alloc_objects count alloc_space bytes inuse_objects count inuse_space bytes"

# ---- what verdicts are judged by ----

# history FILE: on one line, without what is not of it; $scratch/line
history()
{
    gunzip < "$1" | protoc --proto_path=src/proto --decode=perftools.profiles.Profile profile.proto > "$scratch/seen"
    sed -n '/^history/,/^}/p' "$scratch/seen" | tr '\n' ' ' | tr -s ' ' > "$scratch/line"
}
history "$heap"
says "history: how long it was sampled" "$scratch/line" '^history \{ seconds: 321.5 pond \{'
says "history: a pond that is sampled" "$scratch/line" \
    ' pond \{ name: [0-9]+ id: 1 max_objects: 5000 object_bytes: 256 interval: 2 live_trough: 5 live_trough: 6 live_trough: 7 live_trough_bytes: 50 live_trough_bytes: 60 live_trough_bytes: 70 \}'
says "history: a pond that is not" "$scratch/line" ' pond \{ name: [0-9]+ id: 2 live: 1 object_bytes: 64 \}'
zeros='ended: 0 ended: 0 ended: 0' nulls='ended_seconds: 0 ended_seconds: 0 ended_seconds: 0'
says "history: ages and lives of the stack with most in use" "$scratch/line" \
    " stack \\{ pond_id: 1 age_ms: 1500 age_ms: 1000 $zeros ended: 7 ($zeros ){3}ended: 0 ended: 0 ended: 2 $nulls ended_seconds: 17.5 "
says "history: what ages stand for, where it differs" "$scratch/line" ' pond_id: 2 [^}]*age_objects: 80 age_objects: 20.5 \}'
! grep -q 'pond_id: 1 [^}]*age_objects' "$scratch/line" || fail "ages that stand for as much are told apart"
says "history: which sample's it is" "$scratch/line" ' stack \{ sample: 1 pond_id: 2 age_ms: 1500 age_ms: 300 '
says "history: a stack with nothing of it" "$scratch/line" ' stack \{ sample: 102 pond_id: 1 \}'

run plain real "$scratch/real.pb.gz"
history "$scratch/real.pb.gz"
says "history: of a real pond" "$scratch/line" \
    ' pond \{ name: [0-9]+ id: 1 max_objects: 10 live: 3 object_bytes: 64 interval: 1 (live_trough: [0-9]+ )*live_trough: 3 '
says "history: of its objects" "$scratch/line" \
    ' stack \{ pond_id: 1 age_ms: [0-9]+ age_ms: [0-9]+ age_ms: [0-9]+ (ended.*)?\}'
look -unit=B -top "$scratch/real.pb.gz"
is "Go's tool does not mind it" "$(cum write_real)" 192

# ---- folded stacks ----

run plain folded "$scratch/seen"
cp "$scratch/said" "$scratch/stats"
says "folded: outermost first, inlined functions too" "$scratch/seen" \
    '^buffers;(.*;)?main;serve;leak_request;take_buffer 204864$'
says "folded: idle objects" "$scratch/seen" "^buffers;\[idle since the last tick\] $(idle 6)\$"
says "folded: a ';' in a name is no border" "$scratch/seen" '^conns: all;(.*;)?main;serve;serve_request 6400$'
says "folded: equal stacks are one line" "$scratch/seen" '^small;(.*;)?main;serve;small_parts 240$'
is "folded: no other lines" "$(wc -l < "$scratch/seen")" 7
run plain folded "$scratch/seen" alloc_objects
says "folded: another value" "$scratch/seen" '^buffers;(.*;)?serve;serve_request;take_buffer 5000$'
is "folded: nothing idle was got" "$(grep -c idle "$scratch/seen")" 0

# ---- text ----

run plain text "$scratch/seen"
cp "$scratch/said" "$scratch/stats"
says "text: a line for each pond" "$scratch/seen" \
    "^  buffers +struct buffer +256 +0 +$(idle 1 buffers) +$(idle 2 buffers) +$(idle 3) +0 +768000 +4500 +33.3 +3000 "
says "text: the heading of stacks" "$scratch/seen" '^heap profile: 930: 211504 \[6330: 1555504\] @ heap/524288$'
says "text: a stack" "$scratch/seen" '^800: 204864 \[1000: 256064\] @( 0x[0-9a-f]+)+$'
says "text: what is known of it" "$scratch/seen" '^# pond=buffers type=struct buffer samples=7 oldest=1.5s$'
tab=$(printf '\t')
says "text: a frame" "$scratch/seen" "^#${tab}0x[0-9a-f]+${tab}leak_request\+0x[0-9a-f]+${tab}$sources/program.c:[0-9]+\$"

# ---- without libpond-symbol ----

POND_SYMBOLIZE=0 "$scratch/plain" pprof "$scratch/raw.pb.gz" > /dev/null || fail "without libpond-symbol"
look -raw "$scratch/raw.pb.gz"
says "without libpond-symbol the tool is left to find functions" "$scratch/seen" '^1: 0x.*/plain [0-9a-f]+ *$'
POND_SYMBOLIZE=0 "$scratch/plain" folded "$scratch/seen" > /dev/null
says "and folded stacks have offsets" "$scratch/seen" '^buffers;.*;plain\+0x[0-9a-f]+ 204864$'

# ---- how it is called, and what it meets ----

run plain errors
says "what is refused" "$scratch/said" '^refused as it should be$'
run plain memory
says "no memory" "$scratch/said" '^short of memory as it should be$'
run plain together
says "several threads at once" "$scratch/said" '^together as alone$'
run plain text "$scratch/seen"
run plain slow
is "a pipe that does not block is waited for" "$(cat "$scratch/said")" "$(wc -c < "$scratch/seen")"

program loaded -DLOADED "$built/libpond.a"
POND_TEST_PROFILE=$built/libpond-profile.so.0 "$scratch/loaded" pprof "$heap" > "$scratch/stats" ||
    fail "loaded: $(cat "$scratch/stats")"
look -unit=B -top "$heap"
is "a program with libpond.a loads libpond-profile.so, which finds libpond-symbol beside it" \
    "$(flat take_buffer)" 204864
is "and it asks the program's libpond" "$(flat '[idle since the last tick]')" "$(idle 6)"
! readelf -d "$built/libpond-profile.so" | grep 'NEEDED.*libpond' || fail "libpond-profile.so brings a libpond along"
