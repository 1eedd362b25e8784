# Shared by the tests of pond-prof: the program in $prof, profiles, and what is checked of a run.
# shellcheck shell=sh
. test/build/lib.sh
. test/support/checks.sh

prof=${POND_PROF:-build/release/pond-prof}
if [ ! -x "$prof" ]; then
    echo "skipped: pond-prof was not built"
    exit 77
fi
make_profile=test/profile/prof/make
stacks=test/profile/prof/stacks

# "heap" and "later": of one process, and of its successor, at other addresses, in which buffers grew, 20 upgraded
# connections ended, and nothing was idle for the next tick.
"$make_profile" < $stacks | gzip -n > "$scratch/heap.pb.gz"
sed -e 's/700 2867200$/900 3686400/' -e '/upgrade/d' -e '/victim/d' $stacks |
    "$make_profile" --base=0x7f0000000000 | gzip -n > "$scratch/later.pb.gz"

# is TEXT EXPECTED
is()
{
    [ "$1" = "$2" ] || {
        echo "it is '$1', and not '$2'"
        return 1
    }
}
