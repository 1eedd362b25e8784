#!/bin/sh
# The library of 32 bits: it builds without a warning, and the examples and the corpus of misuses run with it; with a
# Criterion of 32 bits all tests do. Skips where the compiler makes no programs of 32 bits (gcc-multilib).
#
# POND_I686_LDFLAGS and POND_I686_LIBRARY_PATH: where Criterion lies, if not where the linker looks.
. test/build/lib.sh

criterion="${POND_I686_LDFLAGS-}" library_path=${POND_I686_LIBRARY_PATH-}

if ! echo 'int main(void) { return 0; }' | $CC -m32 -pthread -x c -o "$scratch/probe" - 2> /dev/null ||
    ! "$scratch/probe"; then
    echo "skipped: $CC -m32 makes no program that runs here; gcc-multilib has what is missing"
    exit 77
fi

project_make VARIANT=i686 -j2 lib
echo "ok builds"

bad=0
pass() # NAME COMMAND...
{
    name=$1
    shift
    if "$@" > "$scratch/log" 2>&1; then
        echo "ok $name"
    else
        echo "FAIL $name"
        tail -n 60 "$scratch/log"
        bad=1
    fi
}

# What tests and examples say of figures is meant for 64 bits: warnings of conversions stay warnings there.
# shellcheck disable=SC2317 # `pass` calls it
made() { project_make VARIANT=i686 CFLAGS=-Wno-error CXXFLAGS=-Wno-error LDFLAGS="$criterion" -j2 "$@"; }

for program in fork freelist hello handover inline limits reset_buffer statistics trim typed; do
    pass "examples/$program" made build/i686/examples/$program
    pass "examples/$program-runs" env timeout 60 "build/i686/examples/$program"
done

# Stacks of thousands of threads do not fit; the other three expect figures of pointers of 8 bytes.
not_for_32_bits='!(*/thousands_of_threads_at_a_time|*/the_store_has_a_bound*|*/room_is_bounded*|*/magazines_shrink_when*)'

# shellcheck disable=SC2086 # it is several words
if ! echo 'int main(void) { return 0; }' |
    $CC -m32 $criterion -x c -o "$scratch/probe" - -Wl,--no-as-needed -lcriterion 2> /dev/null; then
    echo "no Criterion of 32 bits (libcriterion-dev:i386): its tests are left out"
    exit $bad
fi
pass tests made -k tests
for test in $(test/support/list-tests i686); do
    pass "$test" env LD_LIBRARY_PATH="$library_path" timeout 120 "build/i686/test/$test" --filter "$not_for_32_bits"
done
exit $bad
