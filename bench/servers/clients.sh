# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The clients of bench/servers/run: what the burst and the calm of each server are. Sourced by it.
# shellcheck disable=SC2034,SC2154 # shared with run, which sources this

# run_client NAME COMMAND...: in the background, its output in $work/NAME.out. Every client has its longest time:
# one whose server is gone may try for ever.
run_client()
{
    timeout 60 "${@:2}" > "$work/$1.out" 2> "$work/$1.err" &
    client_pids+=($!)
}

# Returns when all have ended; each must have ended well.
await_clients()
{
    local pid
    for pid in "${client_pids[@]}"; do
        wait "$pid" || fail "a client of $server-$variant failed with status $?: $(cat "$work"/*.err)"
    done
    client_pids=()
}

# per_request BEFORE REQUESTS: microseconds of the server's processor time.
per_request()
{
    awk -v before="$1" -v after="$(processor_time "$variant")" -v n="$2" \
        'BEGIN { print (after - before) / n / 1000 }'
}

# ---- gzipd, under wrk ----

# Small files are this project's own; large ones are cut from all of them at different places.
gzipd_prepare()
{
    local root=$work/root i=0 file
    mkdir -p "$root/small" "$root/large"
    find "$top/src" "$top/include" "$top/examples" -name '*.[ch]' -size -40k | sort > "$work/sources"
    while read -r file; do
        cp "$file" "$root/small/$((i++)).c"
        cat "$file"
    done < "$work/sources" > "$work/text"
    while [ "$(stat -c %s "$work/text")" -lt 1200000 ]; do
        cat "$work/text" "$work/text" > "$work/more" && mv "$work/more" "$work/text"
    done
    for ((i = 0; i < 24; i++)); do
        tail -c +$((i * 30011 + 1)) "$work/text" | head -c $(((i % 4 + 1) * 65536)) > "$root/large/$i.c" || true
    done
    (cd "$root" && ls -d small/* > "$work/small" && ls -d large/* > "$work/large")
    extra_arguments=(--root "$root" --level 1)
}

# gzipd_drive CLIENTS SECONDS LIST: wrk's summary, in $summary.
gzipd_drive()
{
    run_client wrk wrk -t 1 -c "$1" -d "$2" --timeout 20 -s "$top/examples/gzipd/requests.lua" \
        "$(url_of "$variant")" -- "$work/$3"
    await_clients
    summary=$(grep '^summary ' "$work/wrk.out") || fail "wrk says nothing: $(cat "$work/wrk.out")"
    [ "$(field errors "$summary")" = 0 ] || fail "requests to gzipd-$variant failed: $summary"
}

gzipd_warm_up()
{
    for variant in "${variants[@]}"; do
        run_client warm-up curl -sSf -o "$work/fetched" \
            -H 'Accept-Encoding: gzip' "$(url_of "$variant")small/0.c"
        await_clients
        gzip -dc < "$work/fetched" | cmp - "$work/root/small/0.c" ||
            fail "gzipd-$variant does not send what it has"
    done
}

# Fewer than 128 connections for each of the two threads: libmicrohttpd 0.9.75 takes 128 events at a time, and when
# it gets just as many it waits for more before it attends to them.
gzipd_burst()
{
    local before
    before=$(processor_time "$variant")
    gzipd_drive 200 "$burst" large
    figure cpu_us_per_request "$(per_request "$before" "$(field requests "$summary")")"
    figure qps "$(field rate "$summary")"
    figure p50_ms "$(field p50 "$summary")"
    figure p99_ms "$(field p99 "$summary")"
}

gzipd_calm()
{
    gzipd_drive 4 "$calm" small
    figure calm_qps "$(field rate "$summary")"
    figure calm_p99_ms "$(field p99 "$summary")"
}

# ---- respd, under redis-benchmark, which counts requests and not seconds ----

respd_prepare()
{
    head -c 12000 /dev/zero | tr '\0' x > "$work/12000"
    head -c 60000 /dev/zero | tr '\0' x > "$work/60000"
    head -c 64 /dev/zero | tr '\0' x > "$work/64"
}

# respd_client NAME CLIENTS PIPELINED REQUESTS SIZE: echoes so many bytes.
respd_client()
{
    local port
    port=$(url_of "$variant")
    port=${port##*:}
    run_client "$1" redis-benchmark -p "${port%/}" -c "$2" -P "$3" -n "$4" --precision 3 --csv \
        ECHO "$(< "$work/$5")"
}

# respd_column NAME NUMBER: of what redis-benchmark said; 2 requests a second, 5 median, 7 p99 of latency in ms.
respd_column()
{
    tail -n 1 "$work/$1.out" | awk -F '"' -v n="$2" 'NF == 17 { print $(2 * n) }' | grep . ||
        fail "redis-benchmark says: $(cat "$work/$1.out" "$work/$1.err")"
}

# How many requests fill the burst's time on this machine; all servers are asked as many.
respd_warm_up()
{
    local rate_small=0 rate_large=0
    for variant in "${variants[@]}"; do
        respd_client small 50 16 100000 64
        await_clients
        respd_client large 500 8 10000 12000
        await_clients
        rate_small=$(respd_column small 2) rate_large=$(respd_column large 2)
    done
    respd_small=$(awk -v rate="$rate_small" -v s="$burst" 'BEGIN { printf "%d", rate * s * 0.4 }')
    respd_large=$(awk -v rate="$rate_large" -v s="$burst" 'BEGIN { printf "%d", rate * s * 0.25 }')
    respd_calm=$(awk -v rate="$rate_small" -v s="$calm" 'BEGIN { printf "%d", rate * s * 0.03 + 1 }')
    printf 'respd: requests in a burst: %d small, %d and %d large; calm: %d\n' "$respd_small" "$respd_large" \
        $((respd_large / 20)) "$respd_calm" >> "$out/server-context.txt"
}

# Two clients at a time, whose requests are counted together: what one of them gets done in a second says which of
# the two the scheduler favoured. Their numbers are such that they end at about the same time.
respd_burst_large()
{
    local before start all=$((respd_large + respd_large / 20))
    before=$(processor_time "$variant")
    start=${EPOCHREALTIME/[.,]/}
    respd_client large 500 8 "$respd_large" 12000
    respd_client larger 100 4 $((respd_large / 20)) 60000
    await_clients
    figure large_qps $((all * 1000000 / (${EPOCHREALTIME/[.,]/} - start)))
    figure large_cpu_us_per_request "$(per_request "$before" "$all")"
    figure large_p99_ms "$(respd_column large 7)"
    figure larger_p99_ms "$(respd_column larger 7)"
}

# Cheap requests first, whose cost is measured; then many clients with large ones, of two sizes at a time.
respd_burst()
{
    local before
    before=$(processor_time "$variant")
    respd_client small 50 16 "$respd_small" 64
    await_clients
    figure cpu_us_per_request "$(per_request "$before" "$respd_small")"
    figure qps "$(respd_column small 2)"
    figure p50_ms "$(respd_column small 5)"
    figure p99_ms "$(respd_column small 7)"
    respd_burst_large
}

respd_calm()
{
    respd_client calm 4 1 "$respd_calm" 64
    await_clients
    figure calm_qps "$(respd_column calm 2)"
    figure calm_p99_ms "$(respd_column calm 7)"
}
