#!/bin/sh
# pond-prof record runs a command, keeps what it wrote, and says so when that is nothing. The command is a script here,
# which does what libpond does when a program exits: it writes a profile where POND_PROFILE says.
. test/profile/prof/lib.sh

cat > "$scratch/program" << 'END'
#!/bin/sh
# program PROFILE [STATUS]
file=$(echo "$POND_PROFILE" | sed -n 's/.*exit=\([^,]*\).*/\1/p' | sed "s/%p/$$/")
cp "$1" "$file"
echo "words: $POND_PROFILE"
exit "${2:-0}"
END
chmod +x "$scratch/program"
export TMPDIR="$scratch/tmp"
mkdir "$TMPDIR"

record()
{
    status=0
    timeout 120 "$prof" record "$@" > "$scratch/out" 2> "$scratch/err" || status=$?
}
record -o "$scratch/a.pb.gz" --rate 64k -- "$scratch/program" "$scratch/heap.pb.gz"
check "a profile" cmp "$scratch/heap.pb.gz" "$scratch/a.pb.gz"
check "its status" is $status 0
check "what the command prints is printed" grep -q '^words: rate=64k,exit=/.*%p' "$scratch/out"
check "what became of it" grep -q "ended with status 0; its profile is in $scratch/a.pb.gz" "$scratch/err"
record -o "$scratch/a.svg" -- "$scratch/program" "$scratch/heap.pb.gz" 7
check "a picture" grep -q 'read_body' "$scratch/a.svg"
check "the command's own status" is $status 7
check "which is told" grep -q 'status 7' "$scratch/err"
check "nothing is left behind" is "$(ls "$TMPDIR")" ''

# two processes: a picture of both, or two files
record -o "$scratch/two.svg" -- sh -c "$scratch/program $scratch/heap.pb.gz; $scratch/program $scratch/heap.pb.gz"
check "a picture of two processes" grep -q '7.18MiB in 16 samples' "$scratch/two.svg"
record -o "$scratch/two.pb.gz" -- sh -c "$scratch/program $scratch/heap.pb.gz; $scratch/program $scratch/heap.pb.gz"
check "files of two processes" is "$(find "$scratch" -name 'two*.pb.gz' | wc -l)" 2

# SIGPIPE, which pond-prof ignores, is as whoever started it had it: services often have it ignored.
for how in default ignore; do
    # shellcheck disable=SC2016 # that shell's
    env --$how-signal=PIPE "$prof" record -o "$scratch/p.pb.gz" -- \
        sh -c 'grep SigIgn /proc/self/status; "$@"' sh "$scratch/program" "$scratch/heap.pb.gz" > "$scratch/out" 2>&1
    env --$how-signal=PIPE grep SigIgn /proc/self/status > "$scratch/expected"
    check "the command begins with SIGPIPE as it was: $how" grep -qxFf "$scratch/expected" "$scratch/out"
done

refuses "a program without libpond" 'does not link libpond' "$prof" record -o "$scratch/b.pb.gz" -- true
check "no file is made then" [ ! -e "$scratch/b.pb.gz" ]
# shellcheck disable=SC2016 # the inner shell's own
refuses "a program that a signal killed" 'signal 9 (Killed) killed it' \
    "$prof" record -o "$scratch/b.pb.gz" -- sh -c 'kill -9 $$'
refuses "no such program" 'cannot be run: No such file' "$prof" record -o "$scratch/b.pb.gz" -- "$scratch/none"
refuses "no such directory, before anything runs" 'cannot be written' \
    "$prof" record -o "$scratch/none/b.svg" -- touch "$scratch/ran"
check "nothing ran" [ ! -e "$scratch/ran" ]
record -o "$scratch/b.svg" -- "$scratch/program" "$0"
check "what is not a profile" is "$status $(grep -c 'it is not a profile' "$scratch/err")" '2 1'
check "nothing is left behind by any of these" is "$(ls "$TMPDIR")" ''

# ---- a program that uses ponds; every get is sampled, so figures are exact ----

if [ -e build/release/libpond-profile.so ]; then
    # shellcheck disable=SC2086 # flags
    "$CC" -std=c11 -g -O1 $STRICT -Iinclude -o "$scratch/server" test/profile/prof/program.c -Lbuild/release -lpond \
        -Wl,-rpath,"$PWD/build/release" -pthread
    record -o "$scratch/before.pb.gz" --rate 1 -- "$scratch/server" 30 100
    check "a program: its status" is $status 5
    "$prof" top --exact --cum "$scratch/before.pb.gz" > "$scratch/top"
    # 30 * 1024 + 100 * 4096
    check "a program: what is in use" grep -qE ' 440320B +100%  main$' "$scratch/top"
    check "a program: who got it" grep -qE '^ *409600B .* read_body$' "$scratch/top"
    check "a program: a pond alone" sh -c "$prof top --exact --pond connections $scratch/before.pb.gz | grep -q '30720B .* open_connection'"
    "$prof" top --exact --value alloc_objects --focus answer "$scratch/before.pb.gz" > "$scratch/top"
    check "a program: all that was got" grep -qE '^ *1000 .* read_body$' "$scratch/top"
    record -o "$scratch/after.pb.gz" --rate 1 -- "$scratch/server" 30 150
    "$prof" diff --exact --state live "$scratch/before.pb.gz" "$scratch/after.pb.gz" > "$scratch/diff"
    # 50 * 4096
    check "a program and its successor: what grew" grep -qE '^ *204800B .* read_body$' "$scratch/diff"
    check "a program and its successor: no more than that" sh -c "! grep -q open_connection $scratch/diff"
    record -o "$scratch/server.svg" --rate 1 -- "$scratch/server" 30 100
    check "a program: its picture" sh -c "grep -q '<title>connections' $scratch/server.svg && grep -q '<title>open_connection' $scratch/server.svg"
else
    echo "left out: libpond-profile was not built"
fi

# ---- signals: the command tells when it is ready for one ----

mkfifo "$scratch/ready"
cat > "$scratch/waits" << 'END'
#!/bin/sh
# waits PROFILE READY: until SIGTERM or SIGINT comes
trap '"$(dirname "$0")/program" "$1"; exit 3' TERM INT
sleep 300 &
echo ready > "$2"
wait
kill $!
END
chmod +x "$scratch/waits"
for signal in TERM INT; do
    rm -f "$scratch/c.pb.gz"
    # A shell's background jobs ignore SIGINT unless job control is on.
    env --default-signal=INT "$prof" record -o "$scratch/c.pb.gz" -- \
        env --default-signal=INT "$scratch/waits" "$scratch/heap.pb.gz" "$scratch/ready" > "$scratch/out" 2> "$scratch/err" &
    recorder=$!
    read -r line < "$scratch/ready"
    is "$line" ready || failed=1
    kill -s $signal $recorder
    status=0
    wait $recorder || status=$?
    check "SIG$signal is passed on" cmp "$scratch/heap.pb.gz" "$scratch/c.pb.gz"
    check "SIG$signal: the status of the command" is $status 3
done
exit $failed
