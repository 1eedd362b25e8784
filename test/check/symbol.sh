#!/bin/sh
# libpond-symbol and what there is without it: frames as text for every kind of program. What is printed must
# agree with addr2line at the offset that is printed with it.
. test/build/lib.sh
unset POND_DEBUG POND_SYMBOLIZE LD_LIBRARY_PATH

built=$PWD/build/release
sources=test/check/symbol
if [ ! -e "$built/libpond-symbol.so.0" ] || ! command -v addr2line > /dev/null; then
    echo "libpond-symbol was not built, or there is no addr2line"
    exit 77
fi

# program NAME FLAG...: $scratch/NAME
program()
{
    name=$1
    shift
    # shellcheck disable=SC2086 # a list of flags
    "$CC" -std=c11 $STRICT -D_GNU_SOURCE -Iinclude -Isrc -O2 -g -fomit-frame-pointer -fno-optimize-sibling-calls \
        -o "$scratch/$name" "$sources/program.c" "$@" "$built/libpond.a" -pthread
}

# run NAME ARGUMENT...: with libpond-symbol to be found; $scratch/said
run()
{
    name=$1
    shift
    LD_LIBRARY_PATH=$built "$scratch/$name" "$@" > "$scratch/said" || fail "$name $*: $(cat "$scratch/said")"
}

# The same with what the loader knows alone.
run_raw()
{
    export POND_SYMBOLIZE=0
    run "$@"
    unset POND_SYMBOLIZE
}

# Each line of a frame as "function file:line", as far as it lies in MODULE, after its offset: ours MODULE
ours()
{
    awk -v module="$1" '
        function flush_frame(   i, offset) {
            if (lines > 0 && match(line[lines], " \\(" module "\\+0x[0-9a-f]+\\)$")) {
                offset = substr(line[lines], RSTART + length(module) + 3, RLENGTH - length(module) - 4)
                line[lines] = substr(line[lines], 1, RSTART - 1)
                print offset
                for (i = 1; i <= lines; i++) {
                    if (i < lines && !sub(/ \(inlined\)$/, "", line[i])) print "not marked as inlined:"
                    print line[i]
                }
            }
            lines = 0
        }
        /^#[0-9]+$/ { flush_frame(); next }
        { line[++lines] = $0 }
        END { flush_frame() }' "$scratch/said" | sed 's, [^ ]*/\([^/ ]*:[0-9]*\)$, \1,'
}

# What addr2line says of the same offsets.
theirs()
{
    sed -n '/^0x/p' "$scratch/ours" | while read -r offset; do
        echo "$offset"
        addr2line -C -f -i -e "$1" "$offset" | sed 's/ (discriminator.*//; s,.*/,,' | paste -d ' ' - -
    done
}

# agrees TITLE FILE FUNCTION...: the frames of FILE do, and these functions are among them.
agrees()
{
    title=$1 file=$2
    shift 2
    ours "$(basename "$file")" > "$scratch/ours"
    theirs "$file" | sed '/^_start\|^__libc_start/d' > "$scratch/theirs"
    sed '/^_start\|^__libc_start/d' "$scratch/ours" > "$scratch/own" # their code has no debug information
    diff "$scratch/own" "$scratch/theirs" > "$scratch/diff" ||
        fail "$title: printed (<) and addr2line (>) differ: $(cat "$scratch/diff" "$scratch/said")"
    for function; do
        grep -qF "$function " "$scratch/ours" || fail "$title: no $function in $(cat "$scratch/said")"
    done
    echo "ok $title"
}

# says TITLE PATTERN
says()
{
    grep -qE "$2" "$scratch/said" || fail "$1: no '$2' in $(cat "$scratch/said")"
    echo "ok $1"
}

silent()
{
    ! grep -qE "$2" "$scratch/said" || fail "$1: '$2' in $(cat "$scratch/said")"
    echo "ok $1"
}

build_id()
{
    readelf -n "$1" | sed -n 's/.*Build ID: //p'
}

# ---- kinds of programs ----

program pie -fPIE -pie "$sources/types.c"
program fixed -fno-pie -no-pie
run pie plain
agrees "a position independent program" "$scratch/pie" innermost inlined exported main
[ "$(grep -c '^exported ' "$scratch/said")" = 4 ] || fail "not all of 4 calls: $(cat "$scratch/said")"
run fixed plain
agrees "a program at a fixed address" "$scratch/fixed" innermost inlined exported main
run pie signal
agrees "a signal handler" "$scratch/pie" innermost inlined on_signal run main
run pie thread
agrees "two threads with little stack" "$scratch/pie" exported on_thread
[ "$(grep -c '^#0$' "$scratch/said")" = 2 ] || fail "not two stacks: $(cat "$scratch/said")"

"$CC" -std=c11 -O2 -g -shared -fPIC -o "$scratch/plugin.so" "$sources/plugin.c"
run pie plugin "$scratch/plugin.so"
agrees "a program that loads code" "$scratch/pie" main
agrees "code that was loaded since" "$scratch/plugin.so" plugin_local plugin_run

"$CXX" -O2 -g -fomit-frame-pointer -c -o "$scratch/cxx.o" "$sources/cxx.cc"
program cxx "$scratch/cxx.o" -Wl,--no-as-needed -lstdc++
run cxx cxx
agrees "C++ names are read out" "$scratch/cxx" "void net::conn::serve<int>(int)" cxx_frames

# ---- forms of debug information with which addr2line or libdw lose their way ----

# lines TITLE: the inlined functions and their caller have theirs.
lines()
{
    says "$1" '^innermost .*program\.c:[0-9]+ \(inlined\)$'
    says "$1, the caller" '^exported .*program\.c:[0-9]+ \('
}

if command -v clang > /dev/null; then
    compiler=$CC CC=clang
    program clang
    CC=$compiler
    run clang plain
    lines "a program that clang compiled"
fi
program lto -flto "$sources/types.c"
run lto plain
lines "optimisation at link time"
program split -gsplit-dwarf "$sources/types.c"
run split plain
lines "debug information in .dwo files"
run split field conn 0
says "a field from a .dwo file" '^conn 0 token$'

# ---- static programs ----

if program fixed-static -DSTATIC -static 2> "$scratch/warnings"; then
    [ ! -s "$scratch/warnings" ] || fail "a static program is linked with warnings: $(cat "$scratch/warnings")"
    run fixed-static plain
    says "a static program has module, offset and build id" \
        "^fixed-static\+0x[0-9a-f]+ \(build id $(build_id "$scratch/fixed-static")\)$"
    symbol="-Wl,-u,pond_symbol_describe $built/libpond-symbol.a"
    # shellcheck disable=SC2086 # a list of flags
    if program whole-static -DSTATIC -static "$sources/types.c" "$built/libpond.a" $symbol -ldw -lelf -lz -llzma -lbz2 \
        2> /dev/null; then
        run whole-static plain
        agrees "a static program with libpond-symbol" "$scratch/whole-static" innermost exported main
        run whole-static field conn 0
        says "fields in a static program" '^conn 0 token$'
    fi
fi

# ---- without debug information ----

cp "$scratch/pie" "$scratch/stripped"
strip "$scratch/stripped"
run stripped plain
says "a stripped program has module, offset and build id" \
    "^stripped\+0x[0-9a-f]+ \(build id $(build_id "$scratch/pie")\)$"
program dynamic -rdynamic
strip "$scratch/dynamic"
run dynamic plain
says "a stripped program's exported functions have names" '^exported\+0x[0-9a-f]+ \(dynamic\+0x[0-9a-f]+\)$'
run_raw dynamic plain
says "also without libpond-symbol" \
    "^exported\+0x[0-9a-f]+ \(dynamic\+0x[0-9a-f]+, build id $(build_id "$scratch/dynamic")\)$"

# The offset of the raw form leads to the line: what a person does with it.
run_raw pie plain
offset=$(sed -n 's/^pie+\(0x[0-9a-f]*\) .*/\1/p' "$scratch/said" | head -n 1)
addr2line -f -e "$scratch/pie" "$offset" | head -n 1 | grep -qx innermost || fail "addr2line finds no innermost"
silent "POND_SYMBOLIZE=0 is obeyed" 'program\.c'

# ---- debug information elsewhere ----

mkdir "$scratch/.debug"
objcopy --only-keep-debug "$scratch/pie" "$scratch/.debug/apart.debug"
cp "$scratch/stripped" "$scratch/apart"
objcopy --add-gnu-debuglink="$scratch/.debug/apart.debug" "$scratch/apart"
run apart plain
agrees "debug information in a file of its own" "$scratch/apart" innermost exported main
echo >> "$scratch/.debug/apart.debug"
run apart plain
silent "debug information of another program is left aside" 'program\.c'

# ---- a program that was replaced while it runs ----

cp "$scratch/pie" "$scratch/replaced"
mkfifo "$scratch/go"
LD_LIBRARY_PATH=$built "$scratch/replaced" wait < "$scratch/go" > "$scratch/said" &
exec 3> "$scratch/go"
until grep -q waiting "$scratch/said"; do
    kill -0 $! || fail "the program to be replaced ended"
done
rm "$scratch/replaced"
cp "$scratch/stripped" "$scratch/replaced"
echo >&3
exec 3>&-
wait
sed -i '/waiting/d; s/replaced (deleted)+/pie+/; s/replaced+/pie+/' "$scratch/said"
agrees "a program whose file was replaced" "$scratch/pie" innermost exported main

# ---- how libpond-symbol is found ----

nm -D --defined-only "$built/libpond-symbol.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' > "$scratch/said"
[ "$(sort "$scratch/said" | xargs)" = "pond_symbol_describe pond_symbol_field pond_symbol_frames pond_symbol_prepare" ] ||
    fail "libpond-symbol exports $(cat "$scratch/said")"
! readelf -d "$built/libpond.so" | grep -E 'NEEDED.*lib(dw|elf|pond-symbol)' || fail "libpond needs libdw"

"$scratch/pie" plain > "$scratch/said"
silent "without libpond-symbol there are no lines" 'program\.c'
program linked -Wl,--no-as-needed -Wl,-rpath,"$built" "$built/libpond-symbol.so"
"$scratch/linked" plain > "$scratch/said"
agrees "libpond-symbol that is linked" "$scratch/linked" exported main

# A program that knows of libpond.so alone: a report of its own.
cat > "$scratch/report.c" << 'EOF'
#include <pond/debug.h>
int main(void)
{
    void *object;
    pond *p = pond_debug_set("double,stacks=4,log") == 0 ? pond_create(&(pond_options){.size = 8}) : 0;
    pond_put(p, object = pond_get(p));
    pond_put(p, object);
    return 0;
}
EOF
"$CC" -std=c11 -O2 -g -Iinclude -o "$scratch/report" "$scratch/report.c" "$built/libpond.so" -Wl,-rpath,"$built"
"$scratch/report" 2> "$scratch/said"
says "libpond-symbol that lies beside libpond.so" '#0 main .*report\.c:7 \(report\+0x'
says "the stack of the put before" '#0 main .*report\.c:6 \(report\+0x'
silent "what is named already needs no command" 'addr2line'

# With libpond.a it finds none: below each stack stands the command that names it, as it is to be typed.
"$CC" -std=c11 -O2 -g -Iinclude -o "$scratch/archive" "$scratch/report.c" "$built/libpond.a" -pthread
"$scratch/archive" 2> "$scratch/said"
says "a report without names says which command has them" \
    "^        names: addr2line -Cfipe $scratch/archive 0x[0-9a-fx ]*, or link libpond-symbol$"
sed -n 's/^ *names: \(addr2line .*\), or .*/\1/p' "$scratch/said" > "$scratch/commands"
[ "$(wc -l < "$scratch/commands")" -eq 3 ] || fail "three stacks, and not a command for each: $(cat "$scratch/said")"
sh "$scratch/commands" > "$scratch/said" || fail "these commands fail: $(cat "$scratch/commands")"
says "the command names the put" '^main at .*report\.c:7( |$)'
says "the command names the put before" '^main at .*report\.c:6( |$)'

# ---- fields ----

run pie field conn 0 15 16 31 32 36 40 41 44 48 56 60 68 72 80 87 88 96 128 136 1000
cat > "$scratch/expected" << 'EOF'
conn 0 token
conn 15 token
conn 16 peer.name
conn 31 peer.name
conn 32 peer.whole
conn 36 peer.whole
conn 40 peer.low
conn 41 peer.high
conn 44 peer
conn 48 items[0][0]
conn 56 items[0][2]
conn 60 items[1][0]
conn 68 items[1][2]
conn 72 next
conn 80 names[0]
conn 87 names[0]
conn 88 names[1]
conn 96 peers[0].name
conn 128 peers[1].name
conn 136 peers[1].name
conn 1000 tail
EOF
diff "$scratch/expected" "$scratch/said" || fail "fields are not as expected (<)"
echo "ok fields by offset"
run pie field bits 1 4 8
says "a padding byte is no field" '^bits 1 -$'
says "a field of bits" '^bits 8 some$'
for type in "struct conn" conn conn_t; do
    run pie field "$type" 48
    says "a field of $type" ' 48 items\[0\]\[0\]$'
done
run pie field point 4
says "a field of a typedef without a tag" '^point 4 y$'
for type in "union conn" none "struct conn_t"; do
    run pie field "$type" 0
    says "there is no $type" ' 0 -$'
done
run cxx field net::conn 0 8 16
says "a field of a base class" '^net::conn 0 first$'
says "a field behind a base class" '^net::conn 8 second$'
says "a field of a class in a namespace" '^net::conn 16 inner.key$'
# DWARF 4 has static members among the others.
"$CXX" -O2 -g -gdwarf-4 -c -o "$scratch/cxx4.o" "$sources/cxx.cc"
program cxx4 "$scratch/cxx4.o" -Wl,--no-as-needed -lstdc++
run cxx4 field counted 0
says "a static member has no offset" '^counted 0 value$'
