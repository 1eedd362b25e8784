# shellcheck shell=bash
# Starting and ending gzipd and respd, for the scripts that source this. Every server has a name.

declare -gA server_pid=() server_url=() server_output=()
pipes=$(mktemp -d) || exit 1

# start_server NAME COMMAND [ARGUMENT...]: returns when it listens; 1: it does not.
start_server()
{
    local name=$1 line='' output
    shift
    mkfifo "$pipes/$name"
    "$@" --port 0 > "$pipes/$name" &
    server_pid[$name]=$!
    exec {output}< "$pipes/$name"
    rm "$pipes/$name"
    read -r -t 30 line <&"$output"
    server_output[$name]=$output
    server_url[$name]=${line##* } # the last word
    [[ $line == *://127.0.0.1:*/ ]]
}

# url_of NAME: where its files are, with a slash at the end.
url_of()
{
    echo "${server_url[$1]}"
}

# statistics NAME LINES: what the server prints on SIGUSR1, which are so many lines.
statistics()
{
    local line i
    kill -USR1 "${server_pid[$1]}" || return 1
    for ((i = 0; i < $2; i++)); do
        read -r -t 10 line <&"${server_output[$1]}" || return 1
        echo "$line"
    done
}

# switch_sampling NAME: switches it on or off, by SIGUSR2, and prints which it is then.
switch_sampling()
{
    local line
    kill -USR2 "${server_pid[$1]}" || return 1
    read -r -t 10 line <&"${server_output[$1]}" || return 1
    echo "${line##* }"
}

# field WORD LINE: the value of WORD=value in a line of statistics.
field()
{
    local value=${2#*"$1"=}
    echo "${value%% *}"
}

# memory_of NAME WORD: a figure of /proc/PID/status, in KiB: VmHWM, VmRSS.
memory_of()
{
    awk -v word="$2:" '$1 == word { print $2 }' "/proc/${server_pid[$1]}/status"
}

# usage_of NAME: "TICKS FAULTS", the processor time it has used, all threads together, in the system's clock
# ticks, and how often the kernel had to give it a page.
usage_of()
{
    # What follows the command's name, which may hold anything: field 10 of proc(5) comes 8th, and so on.
    sed 's/.*) //' "/proc/${server_pid[$1]}/stat" | awk '{ print $12 + $13, $8 }'
}

# stop_server NAME: ends it; returns the status it ended with.
stop_server()
{
    local process=${server_pid[$1]}
    unset "server_pid[$1]"
    kill -TERM "$process" 2> /dev/null
    wait "$process"
}

# Whatever still runs is ended, and nothing is left behind.
stop_all_servers()
{
    local name
    for name in "${!server_pid[@]}"; do
        stop_server "$name"
    done
    rm -rf "$pipes"
}
