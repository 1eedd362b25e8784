#!/bin/sh
# Installs, builds programs through pkg-config and CMake against what is installed, uninstalls.
. test/build/lib.sh

version=$(sed -n 's/^.define POND_VERSION "\(.*\)"/\1/p' include/pond/pond.h)

# ---- as a packager does: staged below DESTDIR, then found where it lies ----

libdir=lib/$("$CC" -dumpmachine)
project_make install DESTDIR="$scratch/stage" PREFIX=/usr LIBDIR="/usr/$libdir" > /dev/null
stage=$scratch/stage/usr
libraries='pond pond-debug'
[ ! -e build/release/libpond-symbol.so ] || libraries="$libraries pond-symbol"
[ ! -e build/release/libpond-profile.so ] || libraries="$libraries pond-profile"
[ ! -e build/release/libpond-http.so ] || libraries="$libraries pond-http"
for library in $libraries; do
    for file in "lib$library.a" "lib$library.so" "lib$library.so.0" "lib$library.so.$version" \
        "pkgconfig/$library.pc"; do
        [ -e "$stage/$libdir/$file" ] || fail "install does not install $file"
    done
done
for file in include/pond/pond.h include/pond/inline.h include/pond/typed.h include/pond/debug.h \
    "$libdir/cmake/pond/pond-config.cmake" share/man/man3/pond.3 share/man/man3/pond_get.3 \
    share/man/man3/pond_put.3 share/man/man3/pond_debug.3 include/pond/profile_write.h \
    share/man/man3/pond_profile.3 share/man/man3/pond_profile_write.3 \
    include/pond/http.h share/man/man3/pond_http.3 share/man/man3/pond_http_start.3; do
    [ -e "$stage/$file" ] || fail "install does not install $file"
done
if [ -e build/release/pond-scout ]; then
    for file in bin/pond-scout lib/pond/libpond-scout.so share/man/man1/pond-scout.1; do
        [ -e "$stage/$file" ] || fail "$file was not installed"
    done
    "$stage/bin/pond-scout" -o /dev/null -- true || fail "the installed pond-scout does not run"
fi
if [ -e build/release/pond-prof ]; then
    for file in bin/pond-prof share/man/man1/pond-prof.1 share/bash-completion/completions/pond-prof; do
        [ -e "$stage/$file" ] || fail "install does not install $file"
    done
    [ "$("$stage/bin/pond-prof" --version)" = "pond-prof $version" ] || fail "the installed pond-prof does not run"
    ! readelf -d "$stage/bin/pond-prof" | grep -q 'NEEDED.*libpond' || fail "pond-prof needs libpond"
fi
if [ -e build/release/libpond-escape.so ]; then
    for file in "$libdir/libpond-escape.so" share/man/man1/pond-escape.1; do
        [ -e "$stage/$file" ] || fail "install does not install $file"
    done
fi
if [ -e build/release/pond-migrate ]; then
    for file in bin/pond-migrate share/man/man1/pond-migrate.1 share/pond/pond_migrate/main.py share/pond/freelist.cocci; do
        [ -e "$stage/$file" ] || fail "install does not install $file"
    done
    printf '#include <stdlib.h>\nstruct job { int n; };\nstruct job *job(void) { return malloc(sizeof(struct job)); }\nvoid end(struct job *j) { free(j); }\n' > "$scratch/job.c"
    (cd "$scratch" && "$stage/bin/pond-migrate" --pond "-I$stage/include" malloc job job.c 2> log) ||
        fail "the installed pond-migrate does not run: $(cat "$scratch/log")"
    grep -q 'return job_get();' "$scratch/job.c" || fail "the installed pond-migrate converts nothing"
fi
[ -z "$(find "$scratch/stage" -path "$stage" -prune -o ! -type d -print)" ] || fail "install leaves its prefix"
! grep -rIl "$scratch" "$stage" || fail "an installed file names the staging directory"
grep -qx "libdir=\${prefix}/$libdir" "$stage/$libdir/pkgconfig/pond.pc" ||
    fail "libdir in pond.pc does not follow the prefix"

cmake_program()
{
    cmake -S test/build/program -B "$scratch/$1" -DCMAKE_PREFIX_PATH="$2" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_COMPILER="$CC" > "$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
    cmake --build "$scratch/$1" > "$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
    for kind in shared static; do
        [ "$("$scratch/$1/$kind")" = "$version" ] || fail "the $kind program built by CMake does not work"
    done
    readelf -d "$scratch/$1/shared" | grep -q 'NEEDED.*libpond.so.0' || fail "CMake did not link pond::pond"
    ! readelf -d "$scratch/$1/static" | grep -q 'NEEDED.*libpond' || fail "CMake did not link pond::pond_static"
}

cmake_debug_program()
{
    for kind in debug debug_static; do
        case $("$scratch/$1/$kind") in
        *double*) ;;
        *) fail "the checks are off in the $kind program built by CMake" ;;
        esac
    done
    readelf -d "$scratch/$1/debug" | grep -q 'NEEDED.*libpond-debug.so.0' || fail "CMake did not link pond::debug"
    ! readelf -d "$scratch/$1/debug_static" | grep -q 'NEEDED.*libpond' ||
        fail "CMake did not link pond::debug_static"
}
cmake_program staged "$stage"
cmake_debug_program staged

# ---- as a user does: into a prefix of one's own ----

prefix="$scratch/prefix"
project_make install PREFIX="$prefix" > /dev/null
cmake_program own "$prefix"

mkdir "$scratch/newer"
sed 's/find_package(pond 0.1/find_package(pond 0.99/' test/build/program/CMakeLists.txt > "$scratch/newer/CMakeLists.txt"
cp test/build/program/main.c "$scratch/newer"
! cmake -S "$scratch/newer" -B "$scratch/newer/build" -DCMAKE_PREFIX_PATH="$prefix" > "$scratch/log" 2>&1 ||
    fail "CMake takes $version for 0.99"
grep -q "version: $version" "$scratch/log" || fail "CMake does not refuse $version because of its version"

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
[ "$(pkg-config --modversion pond)" = "$version" ] || fail "pkg-config does not know version $version"
# shellcheck disable=SC2046,SC2086 # flags
{
    "$CC" -std=c11 $STRICT -o "$scratch/shared" test/build/program/main.c $(pkg-config --cflags --libs pond) -pthread
    "$CC" -std=c11 $STRICT -static -o "$scratch/static" test/build/program/main.c \
        $(pkg-config --static --cflags --libs pond)
}
[ "$(LD_LIBRARY_PATH="$prefix/lib" "$scratch/shared")" = "$version" ] || fail "the shared program does not work"
[ "$("$scratch/static")" = "$version" ] || fail "the static program does not work"

# shellcheck disable=SC2046,SC2086 # flags
{
    "$CC" -std=c11 $STRICT -o "$scratch/debug" test/build/program/words.c $(pkg-config --cflags --libs pond-debug) \
        -pthread
    "$CC" -std=c11 $STRICT -static -o "$scratch/debug_static" test/build/program/words.c \
        $(pkg-config --static --cflags --libs pond-debug)
}
case $(LD_LIBRARY_PATH="$prefix/lib" "$scratch/debug") in
*double*) ;;
*) fail "the checks are off in the program with -lpond-debug" ;;
esac
case $("$scratch/debug_static") in
*double*) ;;
*) fail "the checks are off in the static program with -lpond-debug" ;;
esac

# ---- libpond.a in a program that is else shared, and names in reports ----

cat > "$scratch/double.c" << 'END'
#include <pond/pond.h>
int main(void)
{
    pond *conns = pond_create(&(pond_options){.name = "conns", .size = 64});
    void *volatile conn = pond_get(conns);
    pond_put(conns, conn);
    pond_put(conns, conn); /* line 7 */
    return 0;
}
END
# names KIND: what it reports has file and line, without a variable that says where libpond-symbol lies.
names()
{
    POND_DEBUG=double,stacks=1,log "$scratch/double-$1" > "$scratch/said" 2>&1 || fail "double-$1: $(cat "$scratch/said")"
    grep -q 'main .*double.c:7 ' "$scratch/said" || fail "no file and line in double-$1: $(cat "$scratch/said")"
}
# shellcheck disable=SC2046,SC2086 # flags
"$CC" -std=c11 $STRICT -g -o "$scratch/double-alone" "$scratch/double.c" $(pkg-config --cflags pond) \
    $(pkg-config --variable=archive pond) -pthread
! readelf -d "$scratch/double-alone" | grep 'NEEDED.*libpond' || fail "pond.pc's archive is not libpond.a"
if [ -e "$prefix/lib/libpond-symbol.so" ]; then
    # shellcheck disable=SC2046,SC2086 # flags
    {
        "$CC" -std=c11 $STRICT -g -o "$scratch/double-archive" "$scratch/double.c" $(pkg-config --cflags pond) \
            $(pkg-config --variable=archive pond) $(pkg-config --libs pond-symbol) "-Wl,-rpath,$prefix/lib" -pthread
        "$CC" -std=c11 $STRICT -g -o "$scratch/double-shared" "$scratch/double.c" \
            $(pkg-config --cflags --libs pond pond-symbol) "-Wl,-rpath,$prefix/lib"
        "$CC" -std=c11 $STRICT -g -static -o "$scratch/double-static" "$scratch/double.c" \
            $(pkg-config --static --cflags --libs pond-symbol pond) 2> "$scratch/log" || fail "$(cat "$scratch/log")"
    }
    ! readelf -d "$scratch/double-archive" | grep 'NEEDED.*libpond.so' || fail "pond-symbol.pc links libpond.so"
    for kind in archive shared static; do
        names $kind
    done
    mkdir "$scratch/symbols"
    cp "$scratch/double.c" "$scratch/symbols/double.c"
    cat > "$scratch/symbols/CMakeLists.txt" << 'END'
cmake_minimum_required(VERSION 3.13)
project(symbols C)
find_package(pond 0.1 REQUIRED CONFIG)
foreach(kind pond pond_static)
  add_executable(double-cmake-${kind} double.c)
  target_link_libraries(double-cmake-${kind} PRIVATE pond::${kind} pond::symbol)
endforeach()
add_executable(double-cmake-symbol_static double.c)
target_link_libraries(double-cmake-symbol_static PRIVATE pond::pond_static pond::symbol_static)
END
    cmake -S "$scratch/symbols" -B "$scratch" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_COMPILER="$CC" > "$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
    cmake --build "$scratch" > "$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
    for kind in pond pond_static symbol_static; do
        POND_DEBUG=double,stacks=1,log "$scratch/double-cmake-$kind" 2>&1 | grep -q 'main .*double.c:7 ' ||
            fail "no file and line in a program with pond::symbol, $kind"
    done
fi

# ---- profiles ----

# A program that gets without putting, and writes what is in use; and one that leaves it to POND_PROFILE.
cat > "$scratch/profiled.c" << 'END'
#include <pond/profile_write.h>
static pond *conns;
static __attribute__((noinline)) void *take(void) { return pond_get(conns); }
int main(int argc, char **argv)
{
    (void)argv;
    conns = pond_create(&(pond_options){.name = "conns", .size = 64});
    if (argc > 1 && pond_profile_set("1") != 0)
        return 1;
    for (int i = 0; i < 100; i++)
        if (take() == 0)
            return 1;
    return argc > 1 && pond_profile_write(1, POND_PROFILE_FOLDED, "inuse_objects") != 0;
}
END
# sums FILE COMMAND...: the 100 objects of the pond are in what it prints.
sums()
{
    [ "$(awk '/^conns;.*main;take / { sum += $NF } END { print sum }' "$1")" = 100 ] || fail "$2: $(cat "$1")"
}
if [ -e "$prefix/lib/libpond-profile.so" ]; then
    # shellcheck disable=SC2046,SC2086 # flags
    {
        "$CC" -std=c11 $STRICT -g -fno-optimize-sibling-calls -o "$scratch/profiled" "$scratch/profiled.c" \
            $(pkg-config --cflags --libs pond-profile) -pthread
        "$CC" -std=c11 $STRICT -g -fno-optimize-sibling-calls -o "$scratch/profiled-static" "$scratch/profiled.c" \
            $(pkg-config --cflags pond-profile) -L"$prefix/lib" -Wl,-u,pond_profile_write_from \
            -Wl,-Bstatic -lpond-profile -lpond -lprotobuf-c -Wl,-Bdynamic -lz -ljansson -lm -pthread
    }
    readelf -d "$scratch/profiled" | grep -q 'NEEDED.*libpond-profile.so.0' || fail "libpond-profile is not linked"
    ! readelf -d "$scratch/profiled-static" | grep 'NEEDED.*libpond' || fail "the archives are not linked"
    LD_LIBRARY_PATH="$prefix/lib" "$scratch/profiled" write > "$scratch/folded"
    sums "$scratch/folded" "a program with libpond-profile.so"
    LD_LIBRARY_PATH="$prefix/lib" "$scratch/profiled-static" write > "$scratch/folded"
    sums "$scratch/folded" "a program with libpond-profile.a"
    for kind in profiled profiled-static; do
        LD_LIBRARY_PATH="$prefix/lib" POND_PROFILE="1,exit=$scratch/$kind.pb.gz" "$scratch/$kind" ||
            fail "$kind fails with POND_PROFILE"
        gunzip -t < "$scratch/$kind.pb.gz" || fail "$kind writes no profile at its exit"
    done
fi

# ---- pages ----

# A program that serves, and is asked by itself.
cat > "$scratch/served.c" << 'END'
#include <arpa/inet.h>
#include <pond/http.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    pond *conns = pond_create(&(pond_options){.name = "conns", .size = 64});
    pond_http *pages = pond_http_start(&(pond_http_options){.flags = 0});
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[4096];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (conns == NULL || pages == NULL || fd < 0)
        return 1;
    there.sin_port = htons((unsigned short)pond_http_port(pages));
    if (connect(fd, (struct sockaddr *)&there, sizeof there) != 0 ||
        dprintf(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n") < 0)
        return 1;
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;)
        fwrite(text, 1, (size_t)n, stdout);
    pond_http_stop(pages);
    return 0;
}
END
if [ -e "$prefix/lib/libpond-http.so" ]; then
    # shellcheck disable=SC2046,SC2086 # flags
    "$CC" -std=gnu11 $STRICT -o "$scratch/served" "$scratch/served.c" $(pkg-config --cflags --libs pond-http) -pthread
    readelf -d "$scratch/served" | grep -q 'NEEDED.*libpond-http.so.0' || fail "libpond-http is not linked"
    LD_LIBRARY_PATH="$prefix/lib" "$scratch/served" > "$scratch/said" || fail "a program with libpond-http.so fails"
    grep -q 'pond="conns"' "$scratch/said" || fail "a program with libpond-http.so serves: $(cat "$scratch/said")"
fi

# ---- the variant that callers must share ----

fence="$scratch/fence"
project_make install VARIANT=fence PREFIX="$fence" > /dev/null
case $(PKG_CONFIG_PATH="$fence/lib/pkgconfig" pkg-config --cflags pond) in
*-DPOND_FENCE*) ;;
*) fail "pond.pc of the fence variant does not define POND_FENCE" ;;
esac
cmake_program fenced "$fence"
[ ! -e "$fence/lib/libpond-debug.so" ] || fail "the fence variant is installed with a debug library that is none"

# ---- and away again ----

project_make uninstall PREFIX="$prefix"
project_make uninstall DESTDIR="$scratch/stage" PREFIX=/usr LIBDIR="/usr/$libdir"
left=$(find "$prefix" "$scratch/stage" ! -type d -o -name 'pond*')
[ -z "$left" ] || fail "uninstall leaves: $left"
