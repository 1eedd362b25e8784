#!/bin/sh
# A server with a leak, and its profiles: at a rate of 1 every figure is exact, at others it is an estimate near the
# truth; the leak is in the function that leaks, and what is idle is what pond_stats_read says.
. test/build/lib.sh
. test/profile/write/look.sh
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE LD_LIBRARY_PATH

built=$PWD/build/release
source=$PWD/test/profile/leak/server.c
needs "$built/libpond-profile.so.0" "$built/libpond-symbol.so.0"
before=$scratch/before.pb.gz after=$scratch/after.pb.gz

build()
{
    # shellcheck disable=SC2086 # a list of flags
    "$CC" -std=c11 $STRICT -D_GNU_SOURCE -Iinclude -O2 -g -fno-optimize-sibling-calls -o "$scratch/server" "$source" \
        "$@" -pthread
}

# serve WORDS: POND_PROFILE is that.
serve()
{
    LD_LIBRARY_PATH=$built POND_PROFILE=$1 "$scratch/server" "$before" "$after" > "$scratch/stats" ||
        fail "the server failed with $1"
}

# stat POND COLUMN: live, idle by state, their bytes by state.
stat() { awk -v pond="$1" -v column="$(($2 + 1))" '$1 == pond { print $column }' "$scratch/stats"; }

exactly()
{
    serve "rate=1"
    look -sample_index=inuse_objects -top -tagfocus=state=live "$after"
    is "$1: the leak is in the function that leaks" "$(cum on_error)" 100
    is "$1: by an inlined one" "$(flat buffer_new)" 100
    is "$1: and nothing else is in use" "$(cum main) $(cum fill) $(cum answer) $(cum work)" "none none none 100"
    is "$1: and pond_stats_read says so too" "$(stat buffers 1) $(stat conns 1)" "100 0"
    look -unit=B -top -tagfocus=state=live "$after"
    is "$1: bytes" "$(cum on_error)" $((100 * 1024))
    look -sample_index=alloc_objects -top "$after"
    is "$1: all that was got, by function" "$(cum answer) $(cum on_error) $(flat serve)" "4000 100 4000"
    is "$1: got many at a time" "$(cum fill)" 3000
    look -sample_index=inuse_objects -top "$after"
    idle=$(($(stat buffers 2) + $(stat conns 2)))
    is "$1: idle in thread caches" "$(flat '[idle in thread caches]')" $idle
    is "$1: idle in the depot" "$(flat '[idle in the depot]')" $(($(stat buffers 3) + $(stat conns 3)))
    is "$1: idle since the last tick" "$(flat '[idle since the last tick]')" $(($(stat buffers 4) + $(stat conns 4)))
    look -unit=B -top -tagfocus=pond=buffers "$after"
    is "$1: idle bytes of one pond" "$(flat '[idle since the last tick]')" "$(stat buffers 7)"
    look -sample_index=inuse_objects -top "-diff_base=$before" -tagfocus=state=live "$after"
    is "$1: what grew since" "$(cum on_error)" 50
    look -list=on_error "$after"
    says "$1: the line" "$scratch/seen" '100kB  *[0-9]+:.*/\* LEAK \*/$'
}

build "$built/libpond-profile.so" "$built/libpond.so" -Wl,-rpath,"$built"
exactly libpond.so
build "$built/libpond-profile.a" "$built/libpond.a" -lprotobuf-c -lz -ljansson -lm
exactly libpond.a

# One get of buffers in 3 is a sample, of 4,000 + 100 + 3,000; seed: the same ones each time. The leak is 100 +- 14.
serve "rate=3k,seed=1"
look -sample_index=inuse_objects -top -tagfocus=state=live "$after"
found=$(cum on_error)
if [ "$found" -lt 45 ] || [ "$found" -gt 155 ]; then fail "an estimate of 100 is $found"; fi
is "an estimate has no other stacks" "$(cum answer)" none
look -sample_index=inuse_objects -top "$after"
is "what is idle is exact at any rate" "$(flat '[idle since the last tick]')" $(($(stat buffers 4) + $(stat conns 4)))
serve off
look -sample_index=inuse_objects -top "$after"
is "and when nothing is sampled" "$(flat '[idle since the last tick]')" $(($(stat buffers 4) + $(stat conns 4)))
is "and then there are no stacks" "$(cum on_error)" none
