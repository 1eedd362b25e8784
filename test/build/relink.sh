#!/bin/sh
# libpond-debug takes the place of libpond by linking again: it exports the same, its structures are the same,
# and one object file is checked by the one and not by the other.
. test/build/lib.sh

project_make -j2 debug > /dev/null
plain=build/release/libpond debug=build/debug/libpond-debug

# ---- the same ABI ----

nm -D --defined-only $plain.so | awk '{ print $2, $3 }' | sort > "$scratch/plain-names"
nm -D --defined-only $debug.so | awk '{ print $2, $3 }' | sort > "$scratch/debug-names"
[ -s "$scratch/plain-names" ] || fail "the library exports nothing"
diff "$scratch/plain-names" "$scratch/debug-names" > "$scratch/diff" ||
    fail "libpond (<) and libpond-debug (>) export other names: $(cat "$scratch/diff")"
readelf -d $debug.so | grep -q 'SONAME.*\[libpond-debug.so.0\]' || fail "libpond-debug.so has another soname"

# layouts LIBRARY: "structure: member@offset ... bytes" for each structure in its debug information, one of a
# name, in the order of names.
layouts()
{
    readelf --debug-dump=info "$1" | awk '
        function finish() { if (name != "") print name ":" members, bytes }
        /^ <[0-9a-f]+><[0-9a-f]+>: Abbrev Number/ {
            level = $1; sub(/></, " ", level); sub(/^</, "", level); level = level + 0
            if ($0 ~ /DW_TAG_member/ && inside && level == depth + 1) { in_member = 1; head = 0; member = "-"; next }
            in_member = 0
            if (inside && level <= depth) { finish(); inside = 0 }
            if ($0 ~ /DW_TAG_structure_type/ && !inside) { inside = 1; depth = level; name = members = ""; head = 1 }
            else head = 0
            next
        }
        head && /DW_AT_name/ { name = $NF }
        head && /DW_AT_byte_size/ { bytes = $NF }
        inside && in_member && /DW_AT_name/ { member = $NF }
        inside && in_member && /DW_AT_data_member_location/ { members = members " " member "@" $NF }
        END { finish() }' | sort -u
}
layouts $plain.so > "$scratch/plain-layouts"
layouts $debug.so > "$scratch/debug-layouts"
for structure in pond pond_cache pond_options pond_stats pond_report slab; do
    grep -qE "^$structure: [a-z_]+@0 " "$scratch/plain-layouts" || fail "the layout of $structure was not found"
done
diff "$scratch/plain-layouts" "$scratch/debug-layouts" > "$scratch/diff" ||
    fail "structures are others in libpond (<) than in libpond-debug (>): $(cat "$scratch/diff")"

# ---- one object file, linked with either ----

# shellcheck disable=SC2086 # flags
"$CC" -std=c11 $STRICT -Iinclude -c -o "$scratch/words.o" test/build/program/words.c
for kind in a so; do
    "$CC" -o "$scratch/plain" "$scratch/words.o" $plain.$kind -pthread
    "$CC" -o "$scratch/debug" "$scratch/words.o" $debug.$kind -pthread
    export LD_LIBRARY_PATH=build/release:build/debug
    words=$(env -u POND_DEBUG "$scratch/plain" twice) || fail "libpond.$kind does not let a double put pass"
    [ -z "$words" ] || fail "these checks are on in libpond.$kind: $words"
    ! env -u POND_DEBUG "$scratch/debug" twice > "$scratch/said" 2>&1 ||
        fail "libpond-debug.$kind lets a double put pass"
    grep -q 'pond: double: .*' "$scratch/said" || fail "libpond-debug.$kind reports: $(cat "$scratch/said")"
    POND_DEBUG=double,log "$scratch/debug" twice > "$scratch/said" 2>&1 ||
        fail "libpond-debug.$kind does not heed POND_DEBUG=log"
    grep -q 'pond: double: .*' "$scratch/said" || fail "libpond-debug.$kind with POND_DEBUG=double,log says nothing"
    ! grep -q redzone "$scratch/said" || fail "libpond-debug.$kind adds its own words to those of POND_DEBUG"
    words=$(POND_DEBUG=off "$scratch/debug" twice) || fail "POND_DEBUG=off does not switch libpond-debug.$kind off"
    [ -z "$words" ] || fail "these checks are on in libpond-debug.$kind with POND_DEBUG=off: $words"
done
