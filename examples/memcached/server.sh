# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Starting, asking and ending memcached, for the scripts that source this, which set work. Every server has a name.
# shellcheck disable=SC2154,SC2034 # work is the script's; said is for it

declare -gA server=() port=()

# start_server NAME TREE ARGUMENT...: the memcached of stock or pond, on a port that the system chooses and memcached
# writes into a file when it listens. 1: it does not; what it said is in $said.
start_server()
{
    local file=$work/port-$1 log=$work/memcached-$1.log tries=0 user=()
    rm -f "$file"
    : > "$log"
    [ "$(id -u)" -ne 0 ] || user=(-u root)
    MEMCACHED_PORT_FILENAME=$file "$work/$2/memcached" -l 127.0.0.1 -p -1 -U 0 "${user[@]}" "${@:3}" > "$log" 2>&1 &
    server[$1]=$!
    until [ -s "$file" ]; do
        said=$(< "$log")
        if [ $((tries += 1)) -gt 600 ] || ! kill -0 "${server[$1]}" 2> /dev/null; then
            return 1
        fi
        sleep 0.05
    done
    port[$1]=$(sed -n 's/^TCP INET: //p' "$file")
}

# statistic NAME WORD: one of memcached's figures.
statistic()
{
    local connection
    exec {connection}<> "/dev/tcp/127.0.0.1/${port[$1]}"
    printf 'stats\r\nquit\r\n' >&"$connection"
    tr -d '\r' <&"$connection" | sed -n "s/^STAT $2 //p"
    exec {connection}>&-
}

# stop_server NAME: 1: it did not end well, or said something; that is in $said.
stop_server()
{
    local pid=${server[$1]} status=0
    unset "server[$1]"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    said="status $status: $(< "$work/memcached-$1.log")"
    [ $status -eq 0 ] && ! grep -q '^==[0-9]*== pond: ' "$work/memcached-$1.log"
}

stop_all_servers()
{
    local pid
    for pid in "${server[@]}"; do
        kill "$pid" 2> /dev/null || true
    done
}
