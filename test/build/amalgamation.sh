#!/bin/sh
# The amalgamation compiles with gcc and clang as C99 and later, without Concurrency Kit, exports what the library
# does, and passes the library's own tests: the program of the install test, and tests of promises built against it.
. test/build/lib.sh

project_make amalgamation > /dev/null
made=build/amalgamation

! grep -nE '#[[:space:]]*include[[:space:]]*(<(pond/|ck_)|"[^"]*/|"(types|port|check|ck)[._a-z]*h")' $made/pond.c \
    $made/pond.h || fail "a local include is left"

# Where there is no Concurrency Kit.
mkdir "$scratch/poison" "$scratch/alone"
for header in /usr/include/ck_*.h ck_md.h ck_pr.h ck_stack.h ck_spinlock.h; do
    echo '#error "Concurrency Kit is not to be needed"' > "$scratch/poison/${header##*/}"
done

# pond.c needs pond.h beside it, and no more; it is of any standard from C99 on.
cp $made/pond.c $made/pond.h "$scratch/alone"
for compiler in gcc clang; do
    for standard in c99 c17; do
        # shellcheck disable=SC2086 # flags
        $compiler -std=$standard $STRICT -I"$scratch/poison" -fsyntax-only "$scratch/alone/pond.c"
    done
    # shellcheck disable=SC2086 # flags
    $compiler -std=c11 $STRICT -I"$scratch/poison" -DPOND_DEPOT_LOCK -O2 -c -o "$scratch/lock-$compiler.o" \
        "$scratch/alone/pond.c"
    # shellcheck disable=SC2086 # flags
    $compiler -std=c11 -O2 -g $STRICT -I"$scratch/poison" -fPIC -fvisibility=hidden -c \
        -o "$scratch/pond-$compiler.o" $made/pond.c
    # shellcheck disable=SC2086 # flags
    echo '#include <pond/pond.h>' | $compiler -std=c89 $STRICT -pedantic-errors -I$made -x c -fsyntax-only -
done
# shellcheck disable=SC2086 # flags
c++ -x c++ -std=c++11 $STRICT -fsyntax-only $made/pond.h

# Programs say <pond/pond.h>, and the names of all headers but those of other libraries.
for header in include/pond/*.h; do
    case $header in */http.h | */profile_write.h) continue ;; esac
    echo "#include <pond/${header##*/}>" | "$CC" -std=c11 -I$made -x c -fsyntax-only - ||
        fail "<pond/${header##*/}> is not in the amalgamation"
done

# The stack and the lock that stand in for Concurrency Kit's.
for compiler in gcc clang; do
    for with in "" -DPOND_DEPOT_LOCK; do
        # shellcheck disable=SC2086 # flags
        $compiler -std=c11 -O2 $STRICT $with -Isrc/tools -o "$scratch/stack" test/build/amalgamation/stack.c -pthread
        "$scratch/stack" || fail "the stack in src/tools/ck.h fails, built by $compiler $with"
    done
done

# Only the public names are left for a linker to see.
nm -g --defined-only "$scratch/pond-gcc.o" | awk 'NF == 3 { print $3 }' | sort > "$scratch/names"
nm -D --defined-only build/release/libpond.so | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort \
    > "$scratch/exported"
comm -13 "$scratch/names" "$scratch/exported" > "$scratch/lacks"
[ ! -s "$scratch/lacks" ] || fail "the amalgamation lacks $(cat "$scratch/lacks")"

# A definition that does not name the model of its storage undoes that of its declaration.
! nm -u "$scratch/pond-gcc.o" | grep __tls_get_addr || fail "a thread's variable is found by a call"

for object in pond-gcc pond-clang lock-gcc lock-clang; do
    # shellcheck disable=SC2086 # flags
    ${object#*-} -std=c99 -O2 $STRICT -I$made -o "$scratch/program" test/build/program/main.c "$scratch/$object.o" \
        -pthread
    "$scratch/program" || fail "the program built with $object does not work"
done

for source in test/support/*.c; do
    # shellcheck disable=SC2086 # flags
    "$CC" -std=c11 -O2 $STRICT -I$made -Itest/support -c -o "$scratch/support-${source##*/}.o" "$source"
done
tested=0
for test in test/promise/*.c; do
    ! grep -q '^// link:' "$test" || continue
    # shellcheck disable=SC2086 # flags
    "$CC" -std=c11 -O2 $STRICT -I$made -Itest/support -o "$scratch/test" "$test" "$scratch"/support-*.o \
        "$scratch/pond-gcc.o" -lcriterion -pthread
    timeout 120 "$scratch/test" || fail "$test fails with the amalgamation"
    tested=$((tested + 1))
done
[ $tested -ge 2 ] || fail "fewer than two tests of promises could be built against the amalgamation"
