#!/bin/sh
# The shared library exports exactly what the headers declare with POND_API, for either gate, and
# src/pond.map lists exactly that; nothing else in the static library has a name outside pond's own.
. test/build/lib.sh

project_make -j2 VARIANT=fence lib > /dev/null

# What the headers declare: POND_API made a mark that survives the preprocessor.
declared()
{
    printf '#include <pond/%s>\n' pond.h inline.h typed.h debug.h profile.h |
        "$CC" -std=c11 -Iinclude "$@" -E -P - > "$scratch/headers"
    tr '\n' ' ' < "$scratch/headers" | sed 's/[;{}]/\n/g' |
        sed -n 's/__attribute__((__visibility__("default")))/@/; s/__attribute__.*//; /@/p' |
        sed -E 's/\(.*//; s/ +$//; s/.*[ *]//' | sort
}

exported()
{
    nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

same()
{
    diff "$1" "$2" > "$scratch/diff" || fail "$3: $(cat "$scratch/diff")"
}

declared > "$scratch/declared"
declared -DPOND_FENCE > "$scratch/declared-fence"
exported build/release/libpond.so > "$scratch/exported"
exported build/fence/libpond.so > "$scratch/exported-fence"
sed -n '/global:/,/local:/p' src/pond.map | sed 's,/\*.*\*/,,; s/[a-z]*://' | tr -d ' ' | tr ';' '\n' |
    sed '/^$/d' | sort > "$scratch/map"

[ -s "$scratch/declared" ] || fail "no declaration with POND_API was found"
same "$scratch/declared" "$scratch/exported" "declared (<) and exported (>) differ"
same "$scratch/declared-fence" "$scratch/exported-fence" "declared (<) and exported (>) differ with POND_FENCE"
sort -u "$scratch/declared" "$scratch/declared-fence" > "$scratch/union"
same "$scratch/union" "$scratch/map" "declared (<) and src/pond.map (>) differ"

# The same of libpond-profile, which was made with src/write/write.map.
if [ -e build/release/libpond-profile.so ]; then
    exported build/release/libpond-profile.so > "$scratch/exported-profile"
    printf '%s\n' pond_answer_host pond_profile_answer pond_profile_answer_from pond_profile_answer_sized pond_profile_write pond_profile_write_from > "$scratch/declared-profile"
    same "$scratch/declared-profile" "$scratch/exported-profile" "libpond-profile: declared (<) and exported (>) differ"
    nm --defined-only --extern-only build/release/libpond-profile.a | awk 'NF == 3 { print $3 }' | sort \
        > "$scratch/defined-profile"
    same "$scratch/declared-profile" "$scratch/defined-profile" "libpond-profile.a: declared (<) and defined (>) differ"
fi

# And of libpond-http, with src/http/http.map.
if [ -e build/release/libpond-http.so ]; then
    exported build/release/libpond-http.so > "$scratch/exported-http"
    printf 'pond_http_port\npond_http_start\npond_http_start_sized\npond_http_stop\n' > "$scratch/declared-http"
    same "$scratch/declared-http" "$scratch/exported-http" "libpond-http: declared (<) and exported (>) differ"
    nm --defined-only --extern-only build/release/libpond-http.a | awk 'NF == 3 { print $3 }' | sort \
        > "$scratch/defined-http"
    same "$scratch/declared-http" "$scratch/defined-http" "libpond-http.a: declared (<) and defined (>) differ"
fi

readelf -d build/release/libpond.so > "$scratch/dynamic"
version=$(sed -n 's/^.define POND_VERSION "\(.*\)"/\1/p' include/pond/pond.h)
major=$(sed -n 's/^.define POND_VERSION_MAJOR //p' include/pond/pond.h)
minor=$(sed -n 's/^.define POND_VERSION_MINOR //p' include/pond/pond.h)
patch=$(sed -n 's/^.define POND_VERSION_PATCH //p' include/pond/pond.h)
[ "$version" = "$major.$minor.$patch" ] || fail "POND_VERSION $version is not $major.$minor.$patch"
grep -q "SONAME.*\[libpond.so.$major\]" "$scratch/dynamic" || fail "the soname is not libpond.so.$major"
[ "$(readlink -f build/libpond.so)" = "$PWD/build/release/libpond.so.$version" ] ||
    fail "build/libpond.so does not lead to libpond.so.$version"
grep -q 'NODELETE' "$scratch/dynamic" || fail "the library can be unloaded while threads have caches in it"
grep -q 'BIND_NOW\|Flags:.*NOW' "$scratch/dynamic" || fail "the library binds lazily"

needed=$(sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' "$scratch/dynamic" | grep -vE '^(libc\.so|ld-linux|libpthread)') || true
[ -z "$needed" ] || fail "the library needs more than libc and pthreads: $needed"
