# shellcheck shell=bash
# A server of one's own for `own`: started with POND_TUNE, loaded, watched, ended.
#
# It runs in a session of its own, which is how all its processes are known. Each of them that has ponds writes a file
# of statistics at each tick (stats=FILE of POND_TUNE). Five times a second the memory of its processes and those files
# are looked at, by the shell alone, which takes next to no processor time from the server.
# shellcheck disable=SC2154 # those that own has assigned

server_pid='' load_pid='' memory_is='proportional (PSS)'

# ---- start and end ----

port_answers()
{
    (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# What it printed last, for a sentence.
last_words()
{
    local line
    line=$(tail -n 200 "$1" 2>/dev/null | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-200) || true
    echo "${line:-nothing}"
}

# Sets READY to what --ready found.
says_ready()
{
    local line
    while IFS= read -r line; do
        if [[ $line =~ $ready ]]; then
            READY=${BASH_REMATCH[1]-${BASH_REMATCH[0]}}
            export READY
            return 0
        fi
    done <"$scratch/server"
    return 1
}

is_ready()
{
    if [ -n "$ready" ]; then
        says_ready
    elif [ -n "$port" ]; then
        port_answers
    else
        compgen -G "$scratch/stats.*" >/dev/null
    fi
}

not_ready()
{
    if [ -n "$ready" ]; then
        wrong "the server does not print what --ready wants within $patience s; its last words: \
$(last_words "$scratch/server")"
    elif [ -n "$port" ]; then
        wrong "the server does not accept connections on port $port within $patience s; its last words: \
$(last_words "$scratch/server")"
    fi
    wrong "the server has made no pond within $patience s: it is not linked with pond, or makes none \
before its first request (--port or --ready then say when it is ready)"
}

# server_start WORDS: returns when it is ready.
server_start()
{
    local status=0 end=$((SECONDS + patience + 1))
    rm -f "$scratch"/stats.*
    : >"$scratch/server"
    POND_TUNE="${POND_TUNE:+$POND_TUNE,}stats=$scratch/stats.%p${1:+,$1}" \
        setsid bash -c "$server" >"$scratch/server" 2>&1 </dev/null &
    server_pid=$!
    until is_ready; do
        if ! kill -0 "$server_pid" 2>/dev/null; then
            wait "$server_pid" || status=$?
            server_pid=
            wrong "the server ended with status $status before it was ready; its last words: $(last_words \
"$scratch/server")"
        fi
        [ $SECONDS -lt $end ] || not_ready
        nap 0.05
    done
}

session()
{
    local stat pid fields
    pids=()
    for stat in /proc/[0-9]*/stat; do
        { read -r fields <"$stat"; } 2>/dev/null || continue
        pid=${fields%% *}
        read -r _ _ _ fields _ <<<"${fields##*) }"
        if [ "$fields" = "$server_pid" ] && ! is_our_shell "$pid"; then pids+=("$pid"); fi
    done
}

# The shell that runs CMD, where it has not become the server itself.
is_our_shell()
{
    local name=
    [ "$1" = "$server_pid" ] && read -r name <"/proc/$1/comm" 2>/dev/null && [ "$name" = bash ]
}

session_signal()
{
    session
    kill -"$1" "${pids[@]}" "$server_pid" 2>/dev/null || true
}

# At the end of all, whatever runs. The shell would say of a job that it was killed.
server_kill()
{
    exec 2>/dev/null
    [ -z "$load_pid" ] || kill "$load_pid" 2>/dev/null || true
    [ -z "$server_pid" ] || session_signal KILL
    wait || true
}

# By SIGTERM; after ten seconds it is killed. What it has left running in its session, too.
server_stop()
{
    local naps=0
    session_signal TERM
    while kill -0 "$server_pid" 2>/dev/null && [ $naps -lt 200 ]; do
        nap 0.05
        naps=$((naps + 1))
    done
    {
        session_signal KILL
        wait "$server_pid" || true
    } 2>/dev/null
    server_pid=
}

# ---- what is looked at ----

# pss PID: adds its bytes to `server_bytes`.
pss()
{
    local key value
    if [ -r "/proc/$1/smaps_rollup" ]; then
        while read -r key value _; do
            [ "$key" != Pss: ] || { server_bytes=$((server_bytes + value * 1024)); return; }
        done 2>/dev/null <"/proc/$1/smaps_rollup" || true
    else
        memory_is='resident (RSS)'
        read -r _ value _ 2>/dev/null <"/proc/$1/statm" || return 0
        server_bytes=$((server_bytes + value * page_bytes))
    fi
}

page_bytes=$(getconf PAGESIZE)
clock_ticks=$(getconf CLK_TCK)

# cpu PID: adds its clock ticks to `cpu_ticks`.
cpu()
{
    local -a f
    read -r -a f 2>/dev/null <"/proc/$1/stat" || return 0
    f=("${f[@]: -50}") # the name before them may have spaces
    cpu_ticks=$((cpu_ticks + f[11] + f[12]))
}

# The columns of pond_dump by their names.
declare -A column=()

read_columns()
{
    local i
    for ((i = 0; i < $#; i++)); do
        column[${@:i+1:1}]=$i
    done
}

# statistics PID: adds what its ponds have.
statistics()
{
    local -a f
    local is
    [ -r "$scratch/stats.$1" ] || return 0
    while read -r -a f; do
        is=${f[0]-}
        case $is in
        pond) [ ${#column[@]} -gt 0 ] || read_columns "${f[@]}" ;;
        total=*)
            live_bytes=$((live_bytes + f[column[live_bytes]]))
            gets=$((gets + f[column[gets]]))
            misses=$((misses + f[column[misses]]))
            break
            ;;
        esac
    done <"$scratch/stats.$1"
}

# Sets the figures of this moment, of all processes together.
look()
{
    local pid
    server_bytes=0 cpu_ticks=0 live_bytes=0 gets=0 misses=0
    for pid in "${pids[@]}"; do
        pss "$pid"
        cpu "$pid"
        statistics "$pid"
    done
    now=${EPOCHREALTIME/[.,]/}
}

nap()
{
    read -r -t "$1" <>"$scratch/nothing" || true
}

# has_ticked MARK: since that file was written.
has_ticked()
{
    local file
    for file in "$scratch"/stats.*; do
        [ ! "$file" -nt "$scratch/$1" ] || return 0
    done
    return 1
}

# What was got is known when a tick has come after it.
await_tick()
{
    local tries=0
    : >"$scratch/ended"
    until has_ticked ended || [ $((tries++)) -eq 50 ]; do nap 0.05; done
    has_ticked began || has_no_statistics
}

has_no_statistics()
{
    if compgen -G "$scratch/stats.*" >/dev/null; then
        wrong "the server has not ticked (pond_epoch_advance) while it was loaded: it has to, or the load \
has to be longer"
    fi
    wrong "the server has written no statistics: it is not linked with pond (or with one that knows no \
POND_TUNE), makes no pond, or does not get its environment"
}

note()
{
    echo "$now $server_bytes $cpu_ticks $live_bytes" >>"$scratch/samples"
}

# ---- the load ----

run_command()
{
    : >"$scratch/load"
    bash -c "$1" >"$scratch/load" 2>&1 </dev/null &
    load_pid=$!
}

load_must_end_well()
{
    local status=0
    wait "$load_pid" || status=$?
    load_pid=
    kill -0 "$server_pid" 2>/dev/null ||
        wrong "the server ended while it was loaded; its last words: $(last_words "$scratch/server")"
    [ $status -eq 0 ] || wrong "the $1 ended with status $status; its last words: $(last_words \
"$scratch/load")"
}

find_qps()
{
    local line
    found=
    while IFS= read -r line; do
        if [[ $line =~ $qps ]]; then found=${BASH_REMATCH[1]-${BASH_REMATCH[0]}}; fi
    done <"$scratch/load"
    [ -n "$found" ] || wrong "the load prints nothing that --qps matches; its last words: $(last_words \
"$scratch/load")"
    [[ $found =~ ^[0-9]+([.][0-9]+)?(e[+]?[0-9]+)?$ ]] || wrong "what --qps matches is no number: '$found'"
}

# The first line of samples is from before the load, the others from while it runs.
run_load()
{
    local samples=0
    rm -f "$scratch/samples"
    if [ -n "$warm" ]; then
        run_command "$warm"
        load_must_end_well 'warming up'
    fi
    session
    look
    note
    gets_before=$gets misses_before=$misses
    : >"$scratch/began"
    run_command "$load"
    while kill -0 "$load_pid" 2>/dev/null; do
        [ $((samples++ % 5)) -ne 0 ] || session
        look
        note
        nap 0.2
    done
    look
    note
    load_must_end_well load
    find_qps
    await_tick
    look
}

# must_have_taken WORDS: what pond says of them, in the file of a process that has such ponds.
must_have_taken()
{
    local tuned
    [ -n "$1" ] || return 0
    tuned=$(cat "$scratch"/stats.* | awk -v word="${1%%@*}" '
        $1 == "tuned" && index($2, word "@") == 1 { sub(/.*=/, "", $3); sub(/.*=/, "", $4); n += $3; refused += $4 }
        END { print n + 0, refused + 0 }')
    case $tuned in
    '0 0') wrong "the server has no pond of the name '${pattern:-*}', but $(pond_names)" ;;
    *' 0') ;;
    *) wrong "a pond of the server cannot have $1 with its other options; POND_TUNE names it in what the \
server prints" ;;
    esac
}

pond_names()
{
    cat "$scratch"/stats.* | awk '$1 != "pond" && $1 !~ /=/ && $1 != "tuned" && !seen[$1]++ && ++n <= 8 {
        printf "%s%s", (n > 1 ? ", " : ""), $1 } END { if (n == 0) printf "none" }'
}

# From the samples: what is resident and what is live are both above what they were before the load.
print_measures()
{
    awk -v qps="$found" -v clock="$clock_ticks" -v gets=$((gets - gets_before)) -v misses=$((misses - misses_before)) '
        NR == 1 { began = $1; bytes = $2; ticks = $3; live = $4; next }
        { n++; all += $2; above += $2 - bytes; alive += $4 - live; last = $0; if ($2 > peak) peak = $2 }
        END {
            split(last, f, " ")
            seconds = (f[1] - began) / 1e6
            cpu = (f[3] - ticks) / clock
            print "qps," qps
            print "seconds," seconds
            print "cpus," cpu / seconds
            print "requests_per_cpu_s," (cpu > 0 ? qps * seconds / cpu : 0)
            printf "server_bytes,%.0f\npeak_bytes,%.0f\n", all / n, peak
            printf "resident_bytes,%.0f\nlive_bytes,%.0f\n", above / n, alive / n
            print "fragmentation," (above > 0 && alive < above ? 1 - alive / above : 0)
            print "allocations_per_s," misses / seconds
            print "hit_ratio," (gets > 0 ? 1 - misses / gets : 1)
            print "samples," n
        }' "$scratch/samples"
}
