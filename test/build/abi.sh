#!/bin/sh
# Programs that were compiled with older and newer headers work with the library as doc/abi.md promises, and its ABI
# is the one in test/build/abi/*.abi, which `abi.sh --update` writes anew.
. test/build/lib.sh

here=test/build/abi
LIBRARIES='libpond libpond-profile libpond-http'

# ---- older and newer programs ----

# $1: a folder for headers of another version; $2: sed's commands for the last lines of structures
headers()
{
    mkdir -p "$scratch/$1/pond"
    for header in include/pond/*.h; do
        sed -E "$2" "$header" > "$scratch/$1/pond/${header##*/}"
    done
    lines=$(diff -r include/pond "$scratch/$1/pond" | grep -c '^[<>]') || true
    [ "$lines" -ge 4 ] || fail "$1: only $lines lines of the headers are other ones; where have the structures gone?"
}

# Comments that go on in the next lines stay there, as comments.
headers older '/^    uint64_t (max_age|waited|misses\[POND_HISTORY_MOST\]);/ {
    /\/\*/ { /\*\//! { s,^[^/]*,, ; b }; }
    d
}'
headers newer '/^\} pond_(options|limits|stats|history);/ i \    uint64_t later;'

# $1: its name, $2: a folder of headers, further: a compiler and its flags
program()
{
    name=$1 include=$2
    shift 2
    # shellcheck disable=SC2086 # flags
    "$@" $STRICT -Wno-missing-field-initializers -I"$scratch/$include" -I$here -c -o "$scratch/$name.o" \
        "$here/$name.c"
    # shellcheck disable=SC2086 # flags
    "$@" $STRICT -Iinclude -c -o "$scratch/now.o" $here/now.c
    "$@" -o "$scratch/$name" "$scratch/$name.o" "$scratch/now.o" -Lbuild/release -lpond -pthread \
        -Wl,-rpath,"$PWD/build/release"
    "$scratch/$name" || fail "a program with $include structures does not work: $*"
}

for compiler in gcc clang; do
    for optimise in -O0 -O2; do
        program old older $compiler -std=c11 $optimise
        program new newer $compiler -std=c11 $optimise
    done
done
# shellcheck disable=SC2086 # flags
"$CC" -std=gnu11 $STRICT -Wno-pedantic -Iinclude -I$here -o "$scratch/found" $here/found.c -ldl
"$scratch/found" build/release/libpond.so || fail "functions that are found by name do not take structures of 1.0"

# What hands the size over is no frame of its own: a report names the program's line, also without optimisation.
if [ -e build/release/libpond-symbol.so ]; then
    for optimise in -O0 -O2; do
        # shellcheck disable=SC2086 # flags
        "$CC" -std=c11 -g $optimise $STRICT -Iinclude -o "$scratch/frames" $here/frames.c -Lbuild/release -lpond \
            -Wl,-rpath,"$PWD/build/release"
        POND_DEBUG=double,log "$scratch/frames" > "$scratch/report" 2>&1
        grep -q "#0 main .*frames.c:$(sed -n '/HERE/=' $here/frames.c) " "$scratch/report" ||
            fail "with $optimise a report names another frame first: $(cat "$scratch/report")"
    done
fi

# CMake takes what a program asks for: before 1.0 of the same minor version, then of the same major one.
suits() # VERSION REQUEST: prints TRUE or FALSE
{
    sed "s/@VERSION@/$1/" src/package/pond-config-version.cmake.in > "$scratch/version.cmake"
    cat > "$scratch/ask.cmake" << END
set(PACKAGE_FIND_VERSION $2)
string(REGEX MATCH "^([0-9]+)[.]([0-9]+)" _ "$2")
set(PACKAGE_FIND_VERSION_MAJOR \${CMAKE_MATCH_1})
set(PACKAGE_FIND_VERSION_MINOR \${CMAKE_MATCH_2})
set(CMAKE_SIZEOF_VOID_P 8)
include($scratch/version.cmake)
message(STATUS "\${PACKAGE_VERSION_COMPATIBLE}")
END
    cmake -P "$scratch/ask.cmake" | sed 's/^-- //'
}
if command -v cmake > /dev/null; then
    while read -r version request answer; do
        [ "$(suits "$version" "$request")" = "$answer" ] || fail "CMake: $version for $request is not $answer"
    done << 'END'
0.1.3 0.1.0 TRUE
0.1.3 0.1.4 FALSE
0.2.0 0.1.0 FALSE
1.4.2 1.0.0 TRUE
1.4.2 1.5.0 FALSE
2.0.0 1.0.0 FALSE
1.0.0 0.9.0 FALSE
END
fi

# A program that has inlined another layout of a thread's line must not even start.
cat > "$scratch/inlined.c" << 'END'
#include <pond/inline.h>
int main(void) { return pond_get_inline(NULL) != NULL; }
END
"$CC" -Iinclude -Dpond_line_self=pond_line_self_next -c -o "$scratch/inlined.o" "$scratch/inlined.c"
! "$CC" -o "$scratch/inlined" "$scratch/inlined.o" -Lbuild/release -lpond -pthread 2> /dev/null ||
    fail "a program that has inlined another layout can be linked"

# ---- the ABI ----

# Each symbol belongs to a version of the ABI.
for name in $LIBRARIES; do
    [ -e "build/release/$name.so" ] || continue
    bare=$(nm -D --defined-only "build/release/$name.so" |
        awk '$2 != "A" && $3 !~ /@@[A-Z_]+_[0-9]+\.[0-9]+$/ { print $3 }')
    [ -z "$bare" ] || fail "$name.so exports without a version: $bare"
done

skip()
{
    echo "skipped: $1"
    exit 77
}

case $("$CC" -dumpmachine) in
x86_64-*linux-gnu) ;;
*) skip "the ABI that is written down is that of x86-64" ;;
esac
command -v abidiff > /dev/null || skip "abidiff is missing, of abigail-tools"

# Both as dumps: what is private is left out of those, and is where no header is found.
for name in $LIBRARIES; do
    [ -e "build/release/$name.so" ] || continue
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --no-parameter-names \
        --exported-interfaces-only --drop-undefined-syms --drop-private-types --headers-dir include/pond \
        --out-file "$scratch/$name.abi" "build/release/$name.so"
    [ "${1-}" != --update ] || cp "$scratch/$name.abi" $here
    abidiff --harmless "$here/$name.abi" "$scratch/$name.abi" > "$scratch/changes" ||
        fail "the ABI of $name has changed:
$(cat "$scratch/changes")
doc/abi.md says what may change, and how; test/build/abi.sh --update writes down what it is now"
done
