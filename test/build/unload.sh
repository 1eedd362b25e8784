#!/bin/sh
# A plugin that has libpond.a in it is unloaded while threads that used its pond live on: their exits call
# nothing of it, and nothing of it is used up in the process.
. test/build/lib.sh

project_make lib > /dev/null
# shellcheck disable=SC2086 # flags
"$CC" -std=gnu11 $STRICT -O2 -o "$scratch/host" test/build/program/plugin_host.c -pthread -ldl
# shellcheck disable=SC2086
"$CC" -std=gnu11 $STRICT -O2 -fPIC -shared -Iinclude -o "$scratch/plugin.so" test/build/program/plugin.c \
    build/release/libpond.a -pthread

# run TIMES WORDS
run()
{
    POND_DEBUG=$2 "$scratch/host" "$scratch/plugin.so" "$1" > "$scratch/said" 2>&1 ||
        fail "with POND_DEBUG=$2, status $?: $(cat "$scratch/said")"
}
run 1200 ''
run 20 guard=2 # address space for guard pages stays with the process
run 20 full
