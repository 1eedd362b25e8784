#!/bin/sh
# What the library takes of the storage that a loader has for threads: no more than doc/host.md says, so that it is
# loaded beside others; and with TLS=global-dynamic none, so that a plugin that comes last can have it. What is
# installed then says so, and programs that inline the fast path work with it.
. test/build/lib.sh

project_make lib > /dev/null
dynamic=$scratch/dynamic
project_make B="$dynamic" TLS=global-dynamic PREFIX="$scratch/prefix" install-library install-headers > /dev/null
lib=$scratch/prefix/lib

# ---- how much it is ----

taken=$(($(readelf -lW build/release/libpond.so | awk '$1 == "TLS" { print $6 }')))
said=$(sed -n 's/^| static TLS | \([0-9]*\) bytes.*/\1/p' doc/host.md)
[ "${said:-0}" -gt 0 ] || fail "doc/host.md does not say how many bytes it is"
[ $taken -le "$said" ] || fail "libpond.so takes $taken bytes of static TLS, doc/host.md says $said"
readelf -dW build/release/libpond.so | grep -q STATIC_TLS || fail "the usual library has no static TLS: $taken"
! readelf -dW "$lib/libpond.so" | grep STATIC_TLS || fail "with TLS=global-dynamic it has static TLS"

# ---- beside others ----

"$CC" -std=gnu11 -O2 -fPIC -shared -x c -o "$scratch/filler.so" - << 'END'
static __thread char mine[64] __attribute__((tls_model("initial-exec")));
char *filler(void);
char *filler(void) { return mine; }
END
fillers=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
    cp "$scratch/filler.so" "$scratch/filler$i.so"
    fillers="$fillers $scratch/filler$i.so"
done
# shellcheck disable=SC2086 # flags
"$CC" -std=gnu11 $STRICT -O2 -o "$scratch/host" test/build/program/tls_host.c -pthread -ldl

# plugin NAME HEADERS FLAG...
plugin()
{
    name=$1 headers=$2
    shift 2
    # shellcheck disable=SC2086
    "$CC" -std=gnu11 $STRICT -O2 -fPIC -shared -I"$headers" -o "$scratch/$name.so" \
        test/build/program/tls_plugin.c "$@" -pthread
}
plugin usual include build/release/libpond.so "-Wl,-rpath,$PWD/build/release"
plugin shared "$scratch/prefix/include" -L"$lib" -lpond "-Wl,-rpath,$lib"
plugin static "$scratch/prefix/include" "$lib/libpond.a"

# host WORDS PLUGIN FILLER...
host()
{
    words=$1 name=$2
    shift 2
    POND_DEBUG=$words "$scratch/host" "$scratch/$name.so" "$@" > "$scratch/loaded" 2> "$scratch/said"
}

# Twenty fillers are the 1,280 bytes of a public report.
# shellcheck disable=SC2046,SC2086 # words
{
    host '' usual $(echo $fillers | cut -d ' ' -f 1-20) || fail "beside 1,280 bytes: $(cat "$scratch/said")"
    [ "$(cat "$scratch/loaded")" -eq 20 ] || fail "$(cat "$scratch/loaded") fillers were loaded, not 20"
    ! host '' usual $fillers || fail "there was room yet beside $(cat "$scratch/loaded") fillers"
    grep -q 'static TLS' "$scratch/said" || fail "not for want of static TLS: $(cat "$scratch/said")"
    for name in shared static; do
        for words in '' full chaos=3; do
            host "$words" $name $fillers || fail "$name, POND_DEBUG=$words: $(cat "$scratch/said")"
        done
    done
}

# ---- programs ----

# A program's own code reaches the library's storage as it likes: it was there when the program began.
cat > "$scratch/program.c" << 'END'
#include <pond/inline.h>
int main(void)
{
    pond *p = pond_create(&(pond_options){.size = 64});
    pond_stats s;
    for (int i = 0; i < 1000; i++)
        pond_put_inline(p, pond_get_inline(p));
    pond_stats_read(p, &s);
    return s.gets == 1000 && s.constructed == 1 && pond_destroy(p) == 0 ? 0 : 1;
}
END
for headers in "$scratch/prefix/include" include; do
    for library in "$lib/libpond.so" "$lib/libpond.a"; do
        for pic in -fPIE -fno-PIE; do
            link=-no-pie
            [ $pic = -fno-PIE ] || link=-pie
            # shellcheck disable=SC2086 # flags
            "$CC" -std=c11 $STRICT -O2 $pic $link -I"$headers" -o "$scratch/program" "$scratch/program.c" \
                "$library" "-Wl,-rpath,$lib" -pthread
            "$scratch/program" || fail "a program, $pic, with $library and the headers of $headers"
        done
    done
done

# The contract of threads and coroutines is the same.
for test in promise4_threads promise5_coroutines; do
    project_make B="$dynamic" TLS=global-dynamic "$dynamic/test/promise/$test" > /dev/null
    "$dynamic/test/promise/$test" > "$scratch/log" 2>&1 || fail "$(tail -n 40 "$scratch/log")"
done
