#!/bin/bash
# A process in namespaces of its own (mount, pid, user, network), whose root is an empty tree with one static binary in it,
# is asked by its number alone; its picture has names, though the binary is not at hand here by any path of its own.
# shellcheck disable=SC2154 # scratch is lib.sh's
. test/profile/prof/lib.sh
set +e
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE
chmod 755 "$scratch"
cp "$prof" "$scratch/pond-prof" # where another user reaches it
prof=$scratch/pond-prof
keeper=

# shellcheck disable=SC2317 # the trap calls it
clean()
{
    [ -z "$keeper" ] || kill -KILL "$keeper" 2> /dev/null
    wait
    rm -rf "$scratch"
}
trap clean EXIT

libraries="build/release/libpond-profile.a build/release/libpond-symbol.a build/release/libpond.a"
for library in $libraries; do
    [ -e "$library" ] || { echo "there is no $library"; exit 77; }
done
# What libdw needs as archives differs from one Debian to the next: those that are there.
more=
for name in jansson protobuf-c dw elf z lzma bz2 zstd; do
    [[ $("$CC" -print-file-name=lib$name.a) != */* ]] || more+=" -l$name"
done
# shellcheck disable=SC2086 # lists
"$CC" -std=gnu11 -O2 -g -fno-optimize-sibling-calls -static -Iinclude -o "$scratch/sight" examples/sight/sight.c \
    -Wl,-u,pond_profile_write_from -Wl,-u,pond_symbol_frames -Wl,--start-group $libraries $more -Wl,--end-group -pthread -lm \
    2> "$scratch/linked" || { echo "no static program can be linked: $(tail -n 3 "$scratch/linked")"; exit 77; }

# start USER...: sight with root $root in namespaces of its own, as `setpriv USER...`; $server
start()
{
    root=$scratch/root-$1
    mkdir "$root"
    cp "$scratch/sight" "$root/"
    as=("${@:2}")
    [ ${#as[@]} -eq 0 ] || chown 65534:65534 "$root"
    mkfifo "$scratch/said-$1"
    "${as[@]}" unshare "${spaces[@]}" --mount --pid --fork --net --kill-child --root="$root" /sight /pond.sock \
        > "$scratch/said-$1" 2> "$scratch/errors" &
    keeper=$!
    exec 4< "$scratch/said-$1"
    if ! read -r -t 60 <&4; then
        wait $keeper
        keeper=
        return 1
    fi
    server=$(cat "/proc/$keeper/task/$keeper/children")
    server=${server%% *}
}

stop()
{
    kill -KILL "$keeper" # unshare ignores SIGTERM, and its child ends with it
    wait "$keeper" 2> /dev/null
    keeper=
    exec 4<&-
}

# looks TITLE: at that process.
looks()
{
    local own
    check "$1: its root is empty" [ "$(ls "$root")" = "$(printf 'pond.sock\nsight')" ]
    for space in mnt pid net; do
        own=$(readlink "/proc/$server/ns/$space")
        check "$1: its namespace $space is another one" [ "$own" != "$(readlink "/proc/self/ns/$space")" ]
    done
    check "$1: get pid:N" "${as[@]}" "$prof" get "pid:$server" -o "$scratch/heap-$2"
    check "$1: top has names" sh -c "\"\$@\" | grep -q ' open_session'" sh "${as[@]}" "$prof" top "pid:$server"
    check "$1: files and lines are in it" sh -c \
        "gunzip < '$scratch/heap-$2' | grep -aq 'examples/sight/sight.c'"
    check "$1: flame pid:N" sh -c "\"\$@\" > '$scratch/picture'" sh "${as[@]}" "$prof" flame "pid:$server"
    check "$1: the picture has names" grep -q '>open_session' "$scratch/picture"
}

spaces=()
if [ "$(id -u)" -eq 0 ] && start root; then
    looks "as root" root
    mkdir "$scratch/nobody"
    other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    refuses "another user does not see it" 'pid:' "${other[@]}" "$prof" top "pid:$server"
    stop
else
    echo "left out: as root; $(cat "$scratch/errors" 2> /dev/null)"
fi
spaces=(--user --map-root-user)
if [ "$(id -u)" -eq 0 ]; then
    chmod 777 "$scratch"
    user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
else
    user=()
fi
if start user "${user[@]}"; then
    looks "as the same user" user
    [ "$(id -u)" -ne 0 ] || check "as root, of a user's" "$prof" top "pid:$server"
    stop
else
    echo "left out: as the same user, for no namespaces are allowed here: $(cat "$scratch/errors")"
fi
exit $failed
