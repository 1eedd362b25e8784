#!/bin/sh
# libFuzzer finds nothing in pond-prof's reader, tables and pictures in FUZZ_SECONDS (60), from a few small profiles.
. test/build/lib.sh

FUZZ_SECONDS=${FUZZ_SECONDS:-60}
if ! echo 'int LLVMFuzzerTestOneInput(const char *a, unsigned long b); int LLVMFuzzerTestOneInput(const char *a, unsigned long b) { return a == 0 && b; }' |
    clang -fsanitize=fuzzer -x c -o "$scratch/probe" - 2> "$scratch/log"; then
    echo "skipped: no clang with libFuzzer here"
    exit 77
fi
project_make fuzz-prof FUZZ_SECONDS="$FUZZ_SECONDS" FUZZ_CORPUS="$scratch/corpus" > "$scratch/log" 2>&1 ||
    fail "$(tail -n 60 "$scratch/log")"
runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$scratch/log")
echo "$runs runs in $FUZZ_SECONDS seconds"
[ "${runs:-0}" -ge 100 ] || fail "the fuzzer hardly ran: $(tail -n 5 "$scratch/log")"
