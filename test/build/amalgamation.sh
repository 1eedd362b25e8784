#!/bin/sh
# The amalgamation compiles with gcc and clang, exports what the library does, and passes the library's own
# tests: the program of the install test, and tests of promises built against it.
. test/build/lib.sh

project_make amalgamation > /dev/null
made=build/amalgamation

# Programs say <pond/pond.h>: what forwards to the one header.
mkdir "$scratch/pond"
for header in include/pond/*.h; do
    echo '#include "pond.h"' > "$scratch/pond/${header##*/}"
done
cp $made/pond.h "$scratch/pond/pond.h"

! grep -nE '#[[:space:]]*include[[:space:]]*(<pond/|"[^"]*/|"(types|port|check)\.h")' $made/pond.c $made/pond.h ||
    fail "a local include is left"

for compiler in gcc clang; do
    # shellcheck disable=SC2086 # flags
    $compiler -std=c11 -O2 -g $STRICT -fPIC -fvisibility=hidden -c -o "$scratch/pond-$compiler.o" $made/pond.c
done
# shellcheck disable=SC2086 # flags
c++ -x c++ -std=c++11 $STRICT -fsyntax-only $made/pond.h

# Only the public names are left for a linker to see.
nm -g --defined-only "$scratch/pond-gcc.o" | awk 'NF == 3 { print $3 }' | sort > "$scratch/names"
nm -D --defined-only build/release/libpond.so | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort \
    > "$scratch/exported"
comm -13 "$scratch/names" "$scratch/exported" > "$scratch/lacks"
[ ! -s "$scratch/lacks" ] || fail "the amalgamation lacks $(cat "$scratch/lacks")"

# A definition that does not name the model of its storage undoes that of its declaration.
! nm -u "$scratch/pond-gcc.o" | grep __tls_get_addr || fail "a thread's variable is found by a call"

for compiler in gcc clang; do
    # shellcheck disable=SC2086 # flags
    $compiler -std=c11 -O2 $STRICT -I"$scratch" -o "$scratch/program" test/build/program/main.c \
        "$scratch/pond-$compiler.o" -pthread
    "$scratch/program" || fail "the program built by $compiler does not work"
done

for source in test/support/*.c; do
    # shellcheck disable=SC2086 # flags
    "$CC" -std=c11 -O2 $STRICT -I"$scratch" -Itest/support -c -o "$scratch/support-${source##*/}.o" "$source"
done
tested=0
for test in test/promise/*.c; do
    ! grep -q '^// link:' "$test" || continue
    # shellcheck disable=SC2086 # flags
    "$CC" -std=c11 -O2 $STRICT -I"$scratch" -Itest/support -o "$scratch/test" "$test" "$scratch"/support-*.o \
        "$scratch/pond-gcc.o" -lcriterion -pthread
    timeout 120 "$scratch/test" || fail "$test fails with the amalgamation"
    tested=$((tested + 1))
done
[ $tested -ge 2 ] || fail "fewer than two tests of promises could be built against the amalgamation"
