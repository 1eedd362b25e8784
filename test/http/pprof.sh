#!/bin/bash
# Go's tool, pond-prof and curl ask three servers of pages: gzipd has libpond-http, respd answers in its own libuv loop,
# examples/sight from a plain socket.
# shellcheck disable=SC2154 # scratch is lib.sh's
. test/build/lib.sh
. test/profile/write/look.sh
set +e
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE
built=$PWD/build/release
needs "$built/examples/gzipd" "$built/examples/respd" "$built/examples/sight" "$built/libpond-http.a"
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

# By name: where a server's pages are, its own port, its process, the connections to it.
declare -A pages ports pids
connections=()

# shellcheck disable=SC2317 # the trap calls it
clean()
{
    kill "${pids[@]}" 2> /dev/null
    wait
    rm -rf "$scratch"
}
trap clean EXIT

# serve NAME COMMAND...: in the background, until a line says where its pages are.
serve()
{
    local name=$1 line='' output
    shift
    mkfifo "$scratch/$name"
    POND_PROFILE=rate=64 "$@" > "$scratch/$name" 2> "$scratch/$name.errors" &
    pids[$name]=$!
    exec {output}< "$scratch/$name"
    while read -r -t 60 line <&"$output" && [[ $line != *http://*/debug/pond ]]; do
        line=${line%/}
        ports[$name]=${line##*:}
    done
    line=${line##* }
    pages[$name]=${line%/debug/pond}
    [ -n "${pages[$name]}" ] || fail "$name does not serve: $(cat "$scratch/$name.errors")"
}

# use NAME N: N requests to gzipd, of which every second one leaks; N connections to respd, which stay. The example
# works by itself.
use()
{
    local i wire
    for ((i = 0; i < $2; i++)); do
        case $1 in
        gzipd) curl -sf -o "$scratch/file" -H 'Accept-Encoding: gzip' "http://127.0.0.1:${ports[gzipd]}/file.txt" ||
            fail "gzipd does not serve" ;;
        respd)
            exec {wire}<> "/dev/tcp/127.0.0.1/${ports[respd]}"
            # shellcheck disable=SC2016 # $ is a character of the protocol
            printf '*1\r\n$4\r\nPING\r\n' >&"$wire"
            read -r <&"$wire"
            connections+=("$wire")
            ;;
        sight) sleep 0.1 ;;
        esac
    done
}

# answers TITLE STATUS CURL_ARGUMENT...: what it prints goes to $scratch/said
answers()
{
    local status
    status=$(curl -s -m 60 -o "$scratch/said" -w '%{http_code}' --path-as-is "${@:3}")
    [ "$status" = "$2" ] || fail "$1: status $status in place of $2: $(head -c 300 "$scratch/said")"
    echo "ok $1"
}

# holds NAME FUNCTION: profiles of this server, in which this function has what stays.
holds()
{
    local name=$1 function=$2 url=${pages[$1]} user
    use "$name" 20
    answers "$name: heap as it is saved" 200 "$url/debug/pprof/heap"
    cp "$scratch/said" "$scratch/base.pb.gz"
    look -unit=B -top "$url/debug/pprof/heap"
    says "$name: go tool pprof of the address" "$scratch/seen" '^Type: inuse_space$'
    says "$name: the function that holds it" "$scratch/seen" " $function"
    use "$name" 40
    look -unit=B -top -base "$scratch/base.pb.gz" "$url/debug/pprof/heap"
    [ "$(cum "$function" | cut -d. -f1)" -gt 0 ] || fail "$name: -base: $function has not grown: $(cat "$scratch/seen")"
    echo "ok $name: what has grown, by -base"
    while :; do use "$name" 1; done > /dev/null 2>&1 &
    user=$!
    look -unit=B -top "$url/debug/pprof/heap?seconds=5"
    kill $user
    wait $user 2> /dev/null
    says "$name: what is got in five seconds" "$scratch/seen" '^Type: alloc_space$'
    says "$name: by whom" "$scratch/seen" " $function"
    answers "$name: heap as text" 200 "$url/debug/pprof/heap?debug=1"
    says "$name: heap as text says so" "$scratch/said" '^heap profile: '
    build/release/pond-prof top "$url" > "$scratch/seen" || fail "$name: pond-prof top"
    says "$name: pond-prof top of the address" "$scratch/seen" " $function"
}

# Pages that are there, and what is refused.
refuses()
{
    local name=$1 url=${pages[$1]}
    answers "$name: the page" 200 "$url/debug/pond"
    answers "$name: the page as JSON" 200 "$url/debug/pond?format=json"
    answers "$name: the index of profiles" 200 "$url/debug/pprof/"
    answers "$name: metrics" 200 "$url/metrics"
    says "$name: metrics have an end" "$scratch/said" '^# EOF$'
    answers "$name: another Host" 403 -H 'Host: evil.example' "$url/debug/pond"
    answers "$name: another path" 404 "$url/debug/pprof/../pond"
    answers "$name: a path that is escaped" 404 "$url/debug/%70ond"
    answers "$name: a method" 405 -X DELETE "$url/debug/pond"
    answers "$name: a tick, which is not allowed" 403 "$url/debug/pprof/heap?gc=1"
    answers "$name: too long" 400 "$url/debug/pprof/heap?seconds=61"
}

mkdir "$scratch/root" "$scratch/tmp"
head -c 100000 /dev/urandom > "$scratch/root/file.txt"
serve gzipd "$built/examples/gzipd" --port 0 --root "$scratch/root" --sight 0 --plant leak/2
serve respd "$built/examples/respd" --port 0 --sight 0
serve sight "$built/examples/sight" 0
holds gzipd remember_request
holds respd serve_connection
holds sight open_session
for name in gzipd respd sight; do refuses $name; done

# None of them waits for a ?seconds= when it ends.
for name in gzipd respd; do
    # Whichever comes first waits, and the other one is told so.
    until [ "$(curl -s -o "$scratch/cut" -w '%{http_code}' "${pages[$name]}/debug/pprof/heap?seconds=60")" != 503 ]; do
        sleep 0.1
    done &
    waiting=$!
    until [ "$(curl -s -o /dev/null -w '%{http_code}' "${pages[$name]}/debug/pprof/heap?seconds=1")" = 503 ]; do
        kill -0 $waiting 2> /dev/null || fail "$name: ?seconds=60 has ended: $(cat "$scratch/cut")"
    done
    echo "ok $name: one waits at a time"
    began=$SECONDS
    kill -TERM "${pids[$name]}"
    wait "${pids[$name]}"
    wait $waiting
    [ $((SECONDS - began)) -lt 30 ] || fail "$name ends after $((SECONDS - began)) s"
    echo "ok $name: ends though somebody waits"
done

# A unix socket, which a gzipd that was killed leaves behind, and the next one replaces.
socket=$scratch/pond.sock
for life in first second; do
    mkfifo "$scratch/$life"
    POND_PROFILE=rate=64 "$built/examples/gzipd" --port 0 --root "$scratch/root" --sight "$socket" --plant leak/2 \
        > "$scratch/$life" 2> "$scratch/$life.errors" &
    pids[$life]=$!
    exec 5< "$scratch/$life"
    { read -r -t 60 line <&5 && read -r -t 60 said <&5; } || fail "the $life gzipd: $(cat "$scratch/$life.errors")"
    line=${line%/}
    ports[gzipd]=${line##*:}
    [ "$said" = "gzipd: pages on the ponds are at unix:$socket" ] || fail "the $life gzipd says: $said"
    [ "$(stat -c %a "$socket")" = 600 ] || fail "the socket is of mode $(stat -c %a "$socket")"
    use gzipd 20
    answers "the $life gzipd: the page by a unix socket" 200 --unix-socket "$socket" http://any.example/debug/pond
    for source in "unix:$socket" "pid:${pids[$life]}"; do
        build/release/pond-prof top "$source" > "$scratch/seen" || fail "pond-prof top $source"
        says "the $life gzipd: pond-prof top ${source%%:*}:" "$scratch/seen" ' remember_request'
    done
    kill -KILL "${pids[$life]}"
    wait "${pids[$life]}" 2> /dev/null
done
exit 0
