#!/bin/bash
# What gzipd --sight does under attack: its own clients are answered meanwhile, with no request that fails, and the pages
# are there again at once. Figures are printed; none decides, but that nothing fails and nothing hangs.
# shellcheck disable=SC2154 # scratch is lib.sh's
. test/build/lib.sh
. test/profile/write/look.sh
set +e
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE
built=$PWD/build/release
needs "$built/examples/gzipd" "$built/libpond-http.a"
seconds=${ATTACK_SECONDS:-3}
gzipd=
# shellcheck disable=SC2317 # the trap calls it
clean()
{
    [ -z "$gzipd" ] || kill "$gzipd" 2> /dev/null
    wait
    rm -rf "$scratch"
}
trap clean EXIT

# shellcheck disable=SC2086 # flags
"$CC" -std=c11 -D_GNU_SOURCE -O2 -Wall -o "$scratch/attack" test/http/attack/attack.c -pthread || exit 1
attack=$scratch/attack
mkdir "$scratch/root"
head -c 20000 /dev/urandom | od -x > "$scratch/root/file.txt"

mkfifo "$scratch/printed"
POND_PROFILE=rate=1k "$built/examples/gzipd" --port 0 --threads 2 --root "$scratch/root" --sight 0 --plant leak/100 \
    > "$scratch/printed" &
gzipd=$!
exec 3< "$scratch/printed"
{ read -r -t 60 own <&3 && read -r -t 60 pages <&3; } || fail "gzipd does not start"
own=${own%/} own=${own##*:}
pages=${pages%/debug/pond} pages=${pages##*:}

# traffic: of its own clients, for so many seconds; in $requests a second, $worst ms, $failed.
traffic()
{
    read -r requests worst failed <<< "$("$attack" traffic "$own" /file.txt "$seconds")"
    requests=$((requests / seconds))
}

# page_comes: at the first try or, while others are being answered (503), at a later one.
page_comes()
{
    local status until=$((SECONDS + 60))
    while [ $SECONDS -lt $until ]; do
        status=$(curl -s -m 30 -o "$scratch/page" -w '%{http_code}' "http://127.0.0.1:$pages/debug/pond")
        [ "$status" != 503 ] && break
        sleep 0.1
    done
    [ "$status" = 200 ]
}

# under TITLE COMMAND...: what its own clients notice while the attack goes on, again and again; what the last one
# printed is in $scratch/attacked.
under()
{
    local title=$1 attacker
    shift
    while :; do "$@" > "$scratch/attacking" 2>&1 && mv "$scratch/attacking" "$scratch/attacked"; done &
    attacker=$!
    traffic
    kill $attacker
    wait $attacker 2> /dev/null
    [ "$failed" = 0 ] || fail "$title: $failed of the program's own requests failed"
    kill -0 $gzipd || fail "$title: gzipd has ended"
    page_comes || fail "$title: no page afterwards"
    echo "ok $title: own clients $requests a second, the slowest $worst ms (before: $calm, $calm_worst ms)"
}

# answer TEXT: the first line of what is answered to these bytes.
answer()
{
    printf '%b' "$1" | "$attack" raw "$pages" | head -n 1 | tr -d '\r'
}

# refuses TITLE PATTERN TEXT
refuses()
{
    local got
    got=$(answer "$3")
    # shellcheck disable=SC2053 # a pattern
    [[ $got == $2 ]] || fail "$1: '$got'"
    echo "ok $1: ${got:-closed}"
}

traffic
{ [ "$failed" = 0 ] && [ "$requests" -gt 0 ]; } || fail "no traffic"
calm=$requests calm_worst=$worst

under "100 parallel profiles" "$attack" parallel "$pages" /debug/pprof/heap 100
grep -q '^200 ' "$scratch/attacked" || fail "none of them is answered: $(cat "$scratch/attacked")"
echo "   of the last hundred: $(tr '\n' ';' < "$scratch/attacked")"
under "100 parallel pages" "$attack" parallel "$pages" /debug/pond 100
echo "   of the last hundred: $(tr '\n' ';' < "$scratch/attacked")"
under "1,000 half-open connections" "$attack" half-open "$pages" 1000 1
under "a request of 1 MiB" "$attack" large "$pages" 1048576
[ "$(cat "$scratch/attacked")" = 413 ] || fail "a request of 1 MiB: status $(cat "$scratch/attacked")"
under "slow readers" sh -c "for i in 1 2 3 4 5 6 7 8; do $attack slow $pages /debug/pond 1 & done; wait"

# While a thousand are half open, a page is there.
"$attack" half-open "$pages" 1000 30 > "$scratch/half" &
crowd=$!
until grep -qs open "$scratch/half"; do kill -0 $crowd || fail "no crowd"; sleep 0.05; done
page_comes || fail "no page beside 1,000 half-open connections"
kill $crowd
wait $crowd 2> /dev/null
echo "ok a page beside 1,000 half-open connections"

host='Host: localhost\r\n\r\n'
refuses "another Host" 'HTTP/1.1 403 *' 'GET /debug/pond HTTP/1.1\r\nHost: rebound.example\r\n\r\n'
refuses "a Host that begins like ours" 'HTTP/1.1 403 *' 'GET /debug/pond HTTP/1.1\r\nHost: localhost.example\r\n\r\n'
refuses "an address that says who" 'HTTP/1.1 40[034] *' "GET http://rebound.example/debug/pond HTTP/1.1\r\n$host"
refuses "no Host" 'HTTP/1.[01] 403 *' 'GET /debug/pond HTTP/1.0\r\n\r\n'
refuses "/../" 'HTTP/1.1 404 *' "GET /debug/pprof/../../../etc/passwd HTTP/1.1\r\n$host"
refuses "%2e%2e" 'HTTP/1.1 404 *' "GET /debug/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n$host"
refuses "%00" 'HTTP/1.1 404 *' "GET /debug/pond%00.html HTTP/1.1\r\n$host"
refuses "a NUL" 'HTTP/1.1 [24]0[04] *' "GET /debug/pond\0.html HTTP/1.1\r\n$host"
refuses "//" 'HTTP/1.1 404 *' "GET //debug/pond HTTP/1.1\r\n$host"
refuses "POST" 'HTTP/1.1 405 *' "POST /debug/pond HTTP/1.1\r\n$host"
refuses "TRACE" 'HTTP/1.1 405 *' "TRACE /debug/pond HTTP/1.1\r\n$host"
refuses "a body in pieces" 'HTTP/1.1 413 *' "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n$host"

kill -TERM $gzipd
wait $gzipd
status=$?
gzipd=
[ $status -le 1 ] || fail "gzipd ends with status $status" # 1: what was planted is never put back
echo "ok gzipd ends when it is told to"
