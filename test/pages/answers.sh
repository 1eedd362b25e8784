#!/bin/sh
# pond_profile_answer: each answer about ponds and stacks whose figures are known, read by those for whom it is: Go's
# tool, protoc, a json parser, a strict parser of OpenMetrics, Prometheus' own.
. test/build/lib.sh
. test/profile/write/look.sh
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE LD_LIBRARY_PATH

built=$PWD/build/release
schema=/usr/share/gocode/src/github.com/google/pprof/proto
needs "$built/libpond-profile.a" "$built/libpond-symbol.so.0" "$schema/profile.proto"
# shellcheck disable=SC2086 # a list of flags
"$CC" -std=c11 $STRICT -D_GNU_SOURCE -Iinclude -Isrc -O2 -g -o "$scratch/program" test/pages/program/*.c \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc "$built/libpond-profile.a" "$built/libpond.a" \
    -lprotobuf-c -lz -ljansson -lm -pthread

# ask METHOD PATH [QUERY]: the body in $scratch/body, the rest in $scratch/said and $status, $type, $length
ask()
{
    LD_LIBRARY_PATH=$built "$scratch/program" $from "$scratch/body" "$@" > "$scratch/said" || fail "$*: $(cat "$scratch/said")"
    status=$(sed -n 1p "$scratch/said") type=$(sed -n 2p "$scratch/said") length=$(sed -n 3p "$scratch/said")
    cp "$scratch/body" "$scratch/seen"
}
from=
# decoded: $scratch/body as protoc reads it, in $scratch/decoded
decoded()
{
    gunzip < "$scratch/body" > "$scratch/pb" || fail "the profile is not gzipped"
    protoc --proto_path="$schema" --decode=perftools.profiles.Profile profile.proto < "$scratch/pb" \
        > "$scratch/decoded" || fail "protoc does not read the profile"
}
field() { sed -n "s/^ *$1: //p" "$scratch/decoded" | head -n 1; }
text() { grep '^string_table: ' "$scratch/decoded" | sed -n "$(($1 + 1))s/^string_table: \"\(.*\)\"\$/\1/p"; }
types()
{
    sed -n '/^sample_type/,/^}/s/^  type: //p' "$scratch/decoded" | while read -r number; do text "$number"; done | xargs
}

# ---- what is refused, memory that ends, several at once ----

for act in errors memory together leak; do
    LD_LIBRARY_PATH=$built "$scratch/program" $act > "$scratch/said" || fail "$act: $(cat "$scratch/said")"
    says "$act" "$scratch/said" 'as '
done

# ---- /debug/pprof ----

ask GET /debug/pprof/heap
is "heap: status" "$status" 200
is "heap: type" "$type" application/octet-stream
is "heap: length" "$length" "$(wc -c < "$scratch/body")"
says "nothing is kept" "$scratch/said" '^Cache-Control: no-store'
says "nothing is guessed" "$scratch/said" '^X-Content-Type-Options: nosniff'
decoded
is "heap: what is shown first" "$(text "$(field default_sample_type)")" inuse_space
is "heap: types" "$(types)" "alloc_objects alloc_space inuse_objects inuse_space"
is "heap: no function twice" "$(sed -n '/^function {/,/^}/s/^  name: //p' "$scratch/decoded" | sort | uniq -d)" ""
mv "$scratch/body" "$scratch/heap.pb.gz"
look -unit=B -top "$scratch/heap.pb.gz"
is "heap: in use" "$(cum read_body)" $((24031 * 4096))
is "heap: idle" "$(flat '[idle in the depot]')" $((64 * 768 + 2048 * 4096 + 128 + 2 * 256))

ask HEAD /metrics
is "HEAD: no body" "$(wc -c < "$scratch/body")" 0
head_length=$length
ask GET /metrics
is "HEAD: the length of what GET is sent" "$head_length" "$(wc -c < "$scratch/body")"

ask GET /debug/pprof/allocs
decoded
is "allocs: what is shown first" "$(text "$(field default_sample_type)")" alloc_space

ask GET /debug/pprof/heap seconds=1
decoded
is "seconds: types" "$(types)" "alloc_objects alloc_space"
duration=$(field duration_nanos)
case $duration in ?????????? | ???????????) ;; *) fail "seconds: it took $duration" ;; esac
mv "$scratch/body" "$scratch/since.pb.gz"
look -unit=B -sample_index=alloc_objects -top "$scratch/since.pb.gz"
is "seconds: what was got meanwhile" "$(cum read_body)" $((812345 / 2))
is "seconds: and of others nothing" "$(cum tls_handshake)" none
is "seconds: idle objects were not got" "$(flat '[idle in the depot]')" none

ask GET /debug/pprof/heap debug=1
is "debug=1: type" "$type" "text/plain; charset=utf-8"
says "debug=1: ponds" "$scratch/body" '^  buffers +struct buffer +4096 +24332 '
says "debug=1: stacks" "$scratch/body" '^# pond=sessions type=struct session samples=76 oldest=902.0s$'
TICK=1 ask GET /debug/pprof/heap 'gc=1&debug=1'
says "gc=1: a tick, where it is allowed" "$scratch/said" '^ticks 1$'
TICK=1 ask HEAD /debug/pprof/heap 'gc=1'
says "gc=1: none for HEAD" "$scratch/said" '^ticks 0$'
ask GET /debug/pprof/heap gc=1
is "gc=1: else refused" "$status" 403
says "and no tick" "$scratch/said" '^ticks 0$'
ask GET /debug/pprof/
says "the index has both" "$scratch/body" "<td>6</td><td><a href=\"/debug/pprof/heap\?debug=1\">heap</a>"
ask POST /debug/pond
is "other methods" "$status" 405
says "which are there" "$scratch/said" '^Allow: GET, HEAD'

# ---- what grows is sampled more finely, where that is allowed ----

refined() { sed -n 's/^refined: //p' "$scratch/said"; }
export EARLY=1
ask GET /debug/pond
is "growing: nothing happens unless it is allowed" "$(refined)" ""
export REFINE=1
ask HEAD /debug/pond
is "growing: nor for HEAD" "$(refined)" ""
ask GET /debug/pond
is "growing: the pond of the stack, 16 times as finely for 30 s" "$(refined)" "2: 32768 for 30; "
unset EARLY
ask GET /debug/pond
is "a leak is known without that" "$(refined)" ""
unset REFINE

# ---- json ----

ask GET /debug/pond format=json
is "json: type" "$type" application/json
python3 - "$scratch/body" << 'END' || fail "json: $(cat "$scratch/body")"
import json, sys
all = json.load(open(sys.argv[1]))
ponds = {p['name']: p for p in all['ponds']}
assert len(ponds) == 6 and all['profile']['rate_bytes'] == 524288 and all['profile']['lost_samples'] == 3
b = ponds['buffers']
assert b['live'] == {'objects': 24332, 'bytes': 24332 * 4096} and b['idle']['shared']['objects'] == 2048
assert b['hits'] + b['misses'] == b['gets'] == 3724690 and b['type'] == 'struct buffer'
assert sum(b['dropped'].values()) == b['made'] - 24332 - 512 - 2048 - 1024
assert ponds['cache entries']['failed'] == {'memory': 3, 'limit': 12, 'hook': 0, 'debug': 0}
assert ponds['cache entries']['waited'] == 6
assert ponds['cache entries']['limits']['max_objects'] == 10000 and ponds['cache entries']['id'] == 3
assert len(b['history']['live']) == 113 and b['history']['live'][-1] == 24332 and b['history']['interval'] == 8
assert len(all['trace']) == 3 and all['profile']['seconds'] == 904.25
assert '<script>alert(1)</script>' in ponds and 'back\\slash "and" a new line' in ponds
stacks = all['stacks']
assert len(stacks) == 6 and stacks[0]['pond'] == 'buffers' and stacks[0]['inuse_objects'] == 24031
assert stacks[0]['verdict']['name'] == 'leak' and stacks[0]['verdict']['growth_bytes_per_minute'] > 5e6
assert stacks[1]['verdict']['name'] == 'warming up' and stacks[0]['pond_id'] == 2 and stacks[2]['verdict']['name'] == 'filling'
assert [f['function'] for f in stacks[0]['frames']] == ['buffer_take', 'read_body', 'read_request', 'accept_client', 'serve_forever']
assert stacks[0]['frames'][0]['file'].endswith('known.c') and stacks[0]['frames'][0]['line'] > 0
END
echo "ok json"
EMPTY=1 ask GET /debug/pond format=json
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["ponds"] == []' "$scratch/body" || fail "json of nothing"

# ---- text ----

ask GET /debug/pond format=text
is "text: type" "$type" "text/plain; charset=utf-8"
says "text" "$scratch/body" '^Ponds: 6\.'

# ---- OpenMetrics ----

ask GET /metrics
is "metrics: type" "$type" "application/openmetrics-text; version=1.0.0; charset=utf-8"
is "metrics: the last line" "$(tail -n 1 "$scratch/body")" "# EOF"
python=/usr/bin/python3 # Debian's, whose package it is
if $python -c 'import prometheus_client.openmetrics.parser' 2> /dev/null; then
    $python - "$scratch/body" << 'END' || fail "metrics: $(cat "$scratch/body")"
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = {f.name: f for f in text_string_to_metric_families(open(sys.argv[1]).read())}
def value(family, sample, **labels):
    found = [s.value for s in families[family].samples
             if s.name == sample and all(s.labels.get(k) == v for k, v in labels.items())]
    assert len(found) == 1, (family, sample, labels, found)
    return found[0]
assert value('pond_objects', 'pond_objects', pond='buffers', state='live') == 24332
assert value('pond_bytes', 'pond_bytes', pond='buffers', state='victim') == 1024 * 4096
assert value('pond_gets', 'pond_gets_total', pond='log') == 4000000
assert value('pond_misses', 'pond_misses_total', pond='<script>alert(1)</script>') == 13
assert value('pond_gets', 'pond_gets_total', pond='back\\slash "and" a new line') == 0
assert value('pond_failed_gets', 'pond_failed_gets_total', pond='cache entries', reason='limit') == 12
assert value('pond_waited_gets', 'pond_waited_gets_total', pond='cache entries') == 6
assert value('pond_limit_objects', 'pond_limit_objects', pond='log', id='5') == 64
assert value('pond_profile_lost_samples', 'pond_profile_lost_samples_total') == 3
assert all(f.documentation.endswith('.') for f in families.values())
assert families['pond_bytes'].unit == 'bytes' and families['pond_gets'].type == 'counter'
END
    echo "ok metrics: a strict parser"
else
    echo "left out: python3-prometheus-client is not here"
fi
EMPTY=1 ask GET /metrics
says "metrics of no pond" "$scratch/body" '^pond_profile_rate_bytes 524288$'
if command -v promtool > /dev/null; then
    ask GET /metrics
    # What reads blocks wants a time behind each value, and reads OpenMetrics as a scrape does.
    sed "s/^[^#].*/& $(date +%s)/" "$scratch/body" > "$scratch/timed"
    promtool tsdb create-blocks-from openmetrics "$scratch/timed" "$scratch/blocks" > "$scratch/seen" 2>&1 ||
        fail "promtool: $(cat "$scratch/seen")"
    promtool tsdb list "$scratch/blocks" > "$scratch/seen" 2>&1
    is "promtool: all series" "$(awk 'NR == 2 { print $5 }' "$scratch/seen")" "$(grep -vc '^#' "$scratch/body")"
else
    echo "left out: promtool is not here"
fi

# ---- the page and the picture, as text; test/pages/browser.sh looks at them ----

ask GET /debug/pond
is "page: type" "$type" "text/html; charset=utf-8"
says "page: a policy" "$scratch/said" "^Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-[A-Za-z0-9+/]{43}='; "
! grep -qF '<script>alert' "$scratch/body" || fail "page: a name is not escaped"
says "page: a leak is at the top" "$scratch/body" '^<article class="finding bad"><h3><span class="badge bad">leak</span> <code><span class="chain"><b>buffer_take</b>'
says "page: but it is there" "$scratch/body" '&lt;script&gt;alert\(1\)&lt;/script&gt;'
! sed 's,http://www.w3.org/[0-9a-z/]*,,g' "$scratch/body" | grep -qE 'https?://|@import|url\(' || fail "page: something is from elsewhere"
hash=$(sed -n "s/.*script-src 'sha256-\([^']*\)'.*/\1/p" "$scratch/said")
is "page: its script is the one that is allowed" \
    "$(sed -n '/<script><!\[CDATA\[$/,/\]\]><\/script>/p' "$scratch/body" | sed '1s/.*//; s/\]\]><\/script>.*//' |
        python3 -c 'import base64, hashlib, sys; print(base64.b64encode(hashlib.sha256(sys.stdin.read()[:-1].encode()).digest()).decode())')" "$hash"
is "page: one script" "$(grep -c '<script' "$scratch/body")" 1
OFF=1 ask GET /debug/pond
says "page: says that gets are not sampled" "$scratch/body" 'Gets are not sampled'
EMPTY=1 ask GET /debug/pond
is "page: without a pond" "$status" 200
says "page: which it says" "$scratch/body" 'There are none yet'
ask GET /debug/pond refresh=5
says "page: loads itself anew" "$scratch/body" '<meta http-equiv="refresh" content="5">'
ask GET /debug/pond/flame
is "flame: type" "$type" image/svg+xml
says "flame: functions" "$scratch/body" '^<g data-v="98430976"><title>read_body$'
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/body" || fail "flame: not XML"
ask GET /debug/pond/flame value=alloc_objects
says "flame: another value" "$scratch/body" '^<g data-v="2912345"><title>compress_body$'
for answer in /debug/pond /metrics /debug/pprof/heap; do
    SECRET_OF_A_TEST=shown ask GET $answer
    ! grep -qaE 'SECRET_OF_A_TEST|--wrap' "$scratch/body" || fail "$answer: the environment is in it"
done

# ---- the ponds of the process ----

from=own
ask GET /debug/pond format=json
python3 - "$scratch/body" << 'END' || fail "own ponds: $(cat "$scratch/body")"
import json, sys
all = json.load(open(sys.argv[1]))
p = [p for p in all['ponds'] if p['name'].startswith('<script>')][-1]
assert p['failed'] == {'memory': 0, 'limit': 1, 'hook': 0, 'debug': 0} and p['limits']['max_objects'] == 10
assert p['resident_bytes'] > 0 and p['history']['live'][-1] == 10 and all['profile']['seconds'] > 0
assert p['live']['objects'] == 10 and [s['inuse_objects'] for s in all['stacks'] if s['pond'] == p['name']] == [10]
END
ask GET /debug/pond
is "own ponds: the page" "$status" 200
! grep -qF '<script>alert' "$scratch/body" || fail "own ponds: a name is not escaped"
echo "ok own ponds"
