#!/bin/bash
# bench/knee/own finds the knee of a server's own ponds where it is: of a server whose requests a second are a known function
# of cache_objects, which only POND_TUNE changes, and whose memory grows with it. What is wrong is one sentence, with
# status 2. And a short run on a real server.
. test/build/lib.sh

unset POND_DEBUG POND_PROFILE POND_TUNE
own=bench/knee/own
project_make build/release/bench/knee > "$scratch/log" 2>&1 || fail "$(tail -n 20 "$scratch/log")"
# shellcheck disable=SC2086 # flags
"$CC" -std=c11 -D_GNU_SOURCE $STRICT -Iinclude -o "$scratch/server" test/options/own/server.c build/release/libpond.a -pthread

# What curve.h's test has: its knee is at 374. What is drawn for it is a fifth of a second of nothing.
cat > "$scratch/load" << 'END'
touch "$1.load"
sleep 0.3
rm "$1.load"
awk '{ noise = ENVIRON["NOISE"] * (rand() - 0.5); print "after a while: 1 requests"
       print "rate: " 10000 + 4000 * (1 - exp(-($1 - 64) / 960 * 5)) " a second" }' "$1"
END

# run NAME ARGUMENT...: into $scratch/NAME; its words into $scratch/out
run()
{
    local to=$1
    shift
    timeout 300 $own --out "$scratch/$to" "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null
}

must_have()
{
    grep -qE -- "$1" "$2" || fail "'$1' is not in: $(cat "$2")"
}

# ---- the knee is where it is ----

# shellcheck disable=SC2016 # the load's own shell
run known --server "exec $scratch/server $scratch/size worker" --ready '^ready: (.*)' --repetitions 2 \
    --load "sh $scratch/load "'"$READY"' --qps '^rate: ([0-9.]+)' || fail "$(cat "$scratch/err")"
must_have '^\*\*cache_objects\.\*\* 8 sizes, 2 repetitions each\. From the smallest cache_objects to the largest QPS goes from 1[0-9]{4} to 1[34][0-9]{3} a second' "$scratch/out"
must_have 'The knee of QPS is at a value of cache_objects of (336|472) \(' "$scratch/out"
must_have 'Beyond its best size QPS does not fall' "$scratch/out"
must_have "resident memory goes from [0-9.]+ to [0-9.]+ MiB" "$scratch/out"
must_have 'With the value that it has by itself it has ' "$scratch/out"
must_have '^repetition 2 of 2, cache_objects [0-9]+: about [0-9]+ s left' "$scratch/err"

# value SIZE MEASURE: the first there is.
value()
{
    awk -F, -v size="$1" -v measure="$2" '$2 == size && $4 == measure { print $5; exit }' "$scratch/known/knee.csv"
}
at_least()
{
    awk -v a="$2" -v b="$3" 'BEGIN { exit !(a >= b) }' || fail "$1: $2 is less than $3"
}
# At 1016 1,524 objects of 4 KiB are there, a third of them live; at 64 it is 96. Its own value, 100, is untouched.
at_least 'memory at the largest' "$(value 1016 peak_bytes)" $((1500 * 4096))
at_least 'memory at the smallest' $((3000000 + 100 * 4096)) "$(value 64 peak_bytes)"
at_least 'live at the largest' "$(value 1016 live_bytes)" $((120 * 4096))
at_least 'fragmentation' "$(value 1016 fragmentation)" 0.5
at_least 'fragmentation' 0.9 "$(value 1016 fragmentation)"
own_rate=$(value 0 qps)
[ "${own_rate%.*}" = 10683 ] || fail "the program's own value was changed: $own_rate"
[ "$(tail -n +2 "$scratch/known/knee.csv" | cut -d , -f 1-3 | uniq | wc -l)" -eq 22 ] || fail 'runs are missing'
orders=$(for r in 1 2; do awk -F, -v r=$r '$3 == r && $4 == "qps" { printf "%s ", $2 }' "$scratch/known/knee.csv"; echo; done | sort -u | wc -l)
[ "$orders" -eq 2 ] || fail 'both repetitions had the same order'
if command -v gnuplot > /dev/null; then must_have 'ponds of the server' "$scratch/known/knee.svg"; fi

# ---- what is wrong is said ----

# refused WORDS ARGUMENT...
refused()
{
    local words=$1 status=0
    shift
    run wrong "$@" || status=$?
    sed -i '/^Other programs keep/d; /^A first run/d' "$scratch/err"
    [ $status -eq 2 ] || fail "$*: status $status: $(cat "$scratch/err")"
    [ "$(wc -l < "$scratch/err")" -eq 1 ] || fail "$*: no one sentence: $(cat "$scratch/err")"
    must_have "$words" "$scratch/err"
}

load=(--load 'sleep 0.1; echo rate: 7' --qps 'rate: ([0-9]+)')
server="exec $scratch/server $scratch/size"
refused 'ended with status 3 before it was ready.*it cannot bind' --server "$server dead" --ready ready "${load[@]}"
refused 'ended with status 127' --server /nowhere/server "${load[@]}"
refused 'does not print what --ready wants within 1 s.*ready: ' --server "$server" --ready never --wait 1 "${load[@]}"
refused 'has made no pond within 1 s: it is not linked with pond' --server 'sleep 30' --wait 1 "${load[@]}"
refused 'has written no statistics: it is not linked with pond' --server "$server mute" --ready ready "${load[@]}"
refused 'has not ticked' --server "$server still" --ready ready "${load[@]}"
refused 'ended while it was loaded.*its hour has come' --server "$server hour" --load 'sleep 2; echo rate: 7' --qps rate
refused 'prints nothing that --qps matches; its last words: rate: 7' --server "$server" --load 'sleep 0.1; echo rate: 7' --qps 'QPS: (.*)'
refused "what --qps matches is no number: 'rate'" --server "$server" --load 'sleep 0.1; echo rate: 7' --qps rate
refused 'the load ended with status 4; its last words: no route' --server "$server" --load 'echo no route; exit 4' --qps rate
refused "no pond of the name 'con', but conns" --server "$server" --pond con "${load[@]}"
refused 'cannot have max_footprint=64' --server "$server" --option max_footprint "${load[@]}"
refused "overrides no option 'size'" --server "$server" --option size "${load[@]}"
refused 'at most 1016' --server "$server" --sizes 64:1024:96 "${load[@]}"
refused 'at least seven' --server "$server" --sizes 64:1000:400 "${load[@]}"
refused 'at least seven' --server "$server" --sizes 0:1000:10 "${load[@]}"
refused 'a number' --server "$server" --sizes 64-1000 "${load[@]}"
refused 'no extended regular expression' --server "$server" --load : --qps '('
refused '--qps REGEX is missing' --server "$server" --load :
refused '--load CMD is missing' --server "$server"
refused '--server CMD is missing'
refused 'lacks its value' --server
refused "no option '--servers'" --servers x
[ "$(pgrep -c -f "$scratch/server" || true)" -eq 0 ] || fail 'a server was left running'

# ---- gzipd, for a moment ----

if [ ! -x build/release/examples/gzipd ] || ! command -v curl > /dev/null; then
    echo 'gzipd: skipped, it was not built, or there is no curl'
    exit 0
fi
mkdir "$scratch/root"
head -c 5000 README.md > "$scratch/root/file"
# shellcheck disable=SC2016 # the load's own shell
run gzipd --server "build/release/examples/gzipd --port 0 --threads 1 --level 1 --tick 50 --root $scratch/root" \
    --ready 'on (http://[^ ]*)' --sizes 64:64:1 --load : --qps : && fail 'one size is none'
# shellcheck disable=SC2016
run gzipd --server "build/release/examples/gzipd --port 0 --threads 1 --level 1 --tick 50 --root $scratch/root" \
    --ready 'on (http://[^ ]*)' --pond 'req*' --sizes 16:112:16 --repetitions 2 \
    --load 'curl -s -o /dev/null -w "%{time_total}\n" "${READY}file#[1-60]" | awk "{ s += \$1 } END { print NR / s, \"a second\" }"' \
    --qps '^([0-9.]+) a second' || fail "$(cat "$scratch/err")"
must_have '^\*\*cache_objects\.\*\* 7 sizes, 2 repetitions each\.' "$scratch/out"
