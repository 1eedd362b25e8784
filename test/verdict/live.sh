#!/bin/bash
# Of gzipd with each of its plants (--plant) under a steady load, pond-prof verdict --fast 60 says what it is, and blames
# the function that does it; of one without a plant it says that all is steady. Six servers side by side, for a minute at
# most: what is said is looked at every other second.
. test/profile/prof/lib.sh

if ! command -v curl > /dev/null || ! curl --rate 1/s --version > /dev/null 2>&1; then
    echo "skipped: there is no curl here that knows --rate"
    exit 77
fi
project_make build/release/examples/gzipd > "$scratch/log" 2>&1 || fail "$(tail -n 20 "$scratch/log")"
gzipd=build/release/examples/gzipd
if ! "$gzipd" --root . --profile "$scratch/none" --port 0 --help > /dev/null; then
    echo "skipped: gzipd was built without libpond-profile"
    exit 77
fi
# shellcheck source=examples/gzipd/server.sh
. examples/gzipd/server.sh
loads=()
# shellcheck disable=SC2317 # by the trap
ended()
{
    kill "${loads[@]}" 2> /dev/null || true
    # shellcheck disable=SC2154 # server.sh assigns pipes
    stop_all_servers 2> /dev/null || true
    rm -rf "$scratch"
}
trap ended EXIT
mkdir "$scratch/root"
head -c 2000 README.md > "$scratch/root/file"

# requests a second, and what of them the plants take: 16 KiB for each. A minute is a second here, so 60 of them are 960
# KiB a minute, and six 96 KiB.
declare -A plant=([steady]='' [leak]=leak/3 [slow]=slow/30 [held]=held/1 [warm]=warm/1 [filling]=filling/3)
declare -A expected=([steady]=steady [leak]=leak [slow]='slow leak' [held]=held [warm]='warming up' [filling]=filling)
declare -A culprit=([leak]=remember_request [slow]=remember_request [held]=run_job [warm]=fill_cache [filling]=open_session)
declare -A said=() found=()
started=$SECONDS
export TOLD="$scratch/told"
for kind in "${!plant[@]}"; do
    start_server "$kind" env POND_PROFILE=rate=16k "$gzipd" --root "$scratch/root" --level 1 --threads 1 --tick 50 \
        --profile "$scratch/$kind" --sight "$scratch/$kind.sock" ${plant[$kind]:+--plant "${plant[$kind]}"} 2> "$scratch/$kind.errors" ||
        fail "gzipd does not start: $(cat "$scratch/$kind.errors")"
    curl -s -o /dev/null --rate 180/s "$(url_of "$kind")file#[1-1000000]" &
    loads+=($!)
done

# One of them is watched meanwhile.
# shellcheck disable=SC2016 # the command's own shell
"$prof" watch --fast 60 --every 1 --exec 'echo "$POND_VERDICT: $POND_FUNCTION" >> "$TOLD"' "unix:$scratch/leak.sock" \
    > "$scratch/watched" 2> "$scratch/watch-errors" &
loads+=($!)

# look KIND: what is said of it at this moment, a line for each stack that is not steady: "VERDICT: FUNCTION"
look()
{
    local line profile=''
    # shellcheck disable=SC2154 # server.sh assigns both
    kill -USR1 "${server_pid[$1]}" || fail "gzipd has ended: $(cat "$scratch/$1.errors")"
    # shellcheck disable=SC2154
    while read -r -t 30 line <&"${server_output[$1]}"; do
        profile=${line#gzipd: a profile is in }
        [ "$profile" = "$line" ] || break
        profile=
    done
    [ -n "$profile" ] || fail "gzipd writes no profile: $(cat "$scratch/$1.errors")"
    "$prof" verdict --fast 60 "$profile" > "$scratch/verdict" 2> "$scratch/errors" || [ $? -eq 1 ] ||
        fail "$(cat "$scratch/errors")"
    rm "$profile"
    sed -n 'N;s/^\([a-z ]*\)[:,].*\n *\([a-z_0-9]*\).*/\1: \2/p;D' "$scratch/verdict" | grep -v '^ ' || true
}

# What may be said on the way to what is expected.
while [ $((SECONDS - started)) -lt 60 ] && [ ${#found[@]} -lt 5 ]; do
    sleep 2
    for kind in "${!plant[@]}"; do
        look "$kind" > "$scratch/now"
        [ ! -s "$scratch/now" ] || said[$kind]+=$(sed "s/^/$((SECONDS - started)) s /" "$scratch/now")$'\n'
        if [ "$kind" != steady ] && [ -z "${found[$kind]-}" ] &&
            grep -qx "${expected[$kind]}: ${culprit[$kind]}" "$scratch/now"; then
            cp "$scratch/verdict" "$scratch/$kind.said"
            found[$kind]=$((SECONDS - started))
        fi
    done
done
for kind in "${!culprit[@]}"; do
    check "$kind: ${expected[$kind]}, by ${culprit[$kind]}, after ${found[$kind]-(never)} s" \
        [ -n "${found[$kind]-}" ]
    sed 's/^/    /' "$scratch/$kind.said" 2> /dev/null || printf '    %s\n' "${said[$kind]-nothing was said}"
done
check "pond-prof watch tells of the leak, by its socket: $(tr '\n' ',' < "$TOLD")" grep -qx 'leak: remember_request' "$TOLD"
check "and nothing else: $(cat "$scratch/watch-errors")" \
    [ -z "$(grep -vxE '(leak|growing): remember_request' "$TOLD")$(cat "$scratch/watch-errors")" ]
check "pond-prof verdict, by the socket of a process" sh -c \
    "'$prof' verdict --fast 60 'pid:${server_pid[warm]}' | grep -q '^warming up: requests'"
check "a server without a plant: steady${said[steady]:+, but: ${said[steady]}}" [ -z "${said[steady]-}" ]
for kind in leak slow filling; do
    check "$kind: nobody else is blamed for a leak" \
        [ -z "$(grep -E '(leak|filling|held):' <<< "${said[$kind]-}" | grep -v "${culprit[$kind]}\$")" ]
done
check "held: no leak" [ -z "$(grep leak <<< "${said[held]-}")" ]
check "warming up: no leak" [ -z "$(grep leak <<< "${said[warm]-}")" ]
exit $failed
