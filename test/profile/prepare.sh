#!/bin/sh
# pond_prepare: after a chroot into a directory with nothing in it, /proc neither, reports and profiles have functions,
# files and lines of the program and of what it had loaded, wherever their debug information was.
. test/build/lib.sh
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE LD_LIBRARY_PATH

built=$PWD/build/release
sources=test/profile/prepare
if [ ! -e "$built/libpond-profile.so.0" ] || [ ! -e "$built/libpond-symbol.so.0" ]; then
    echo "libpond-profile or libpond-symbol was not built"
    exit 77
fi
mkdir "$scratch/root"

# program NAME FLAG...: $scratch/NAME
program()
{
    name=$1
    shift
    # shellcheck disable=SC2086 # a list of flags
    "$CC" -std=c11 $STRICT -D_GNU_SOURCE -Iinclude -Isrc -O2 -g -fno-optimize-sibling-calls -o "$scratch/$name" \
        "$sources/program.c" "$@" -pthread
}

# plugin FILE NAME
plugin()
{
    "$CC" -std=c11 -O2 -g -shared -fPIC -fno-optimize-sibling-calls -DNAME="$2" -o "$1" "$sources/plugin.c"
}

# run NAME FLAGS [LATE]: what is said lies in $scratch/profile and $scratch/report. As root of its own namespace where
# it must be.
run()
{
    status=0
    # shellcheck disable=SC2086 # a file or none
    LD_LIBRARY_PATH=$built $as_root "$scratch/$1" "$2" "$scratch/root" "$scratch/early.so" ${3-} \
        > "$scratch/profile" 2> "$scratch/report" || status=$?
    [ $status = 0 ] || [ $status = 77 ] || fail "$*: $(cat "$scratch/profile" "$scratch/report")"
    return $status
}

# says TITLE FILE PATTERN
says()
{
    grep -qE -e "$3" "$scratch/$2" || fail "$1: no '$3' in $(cat "$scratch/$2")"
    echo "ok $1"
}

line() { grep -n "$1" "$2" | cut -d : -f 1; }

# has_names TITLE: of program and plugin.
has_names()
{
    says "$1: a report's innermost frame" report '#0 misuse .*program\.c:[0-9]+ \('
    says "$1: a report's frame of what was loaded" report "plugin_inlined .*plugin\.c:$inlined \(inlined\)"
    says "$1: a report's frame of the caller" report "plugin_early .*plugin\.c:$around \(early\.so\+0x"
    says "$1: a report names the program" report "main .*program\.c:[0-9]+ \($2\+0x"
    says "$1: a profile's innermost frame" profile 'record\+0x[0-9a-f]+.*program\.c:[0-9]+$'
    says "$1: a profile's inlined frame of the program" profile 'note_inlined\+0x[0-9a-f]+.*program\.c:[0-9]+$'
    says "$1: a profile's frame of what was loaded" profile "plugin_early\+0x[0-9a-f]+.*plugin\.c:$around\$"
    says "$1: a profile's inlined frame" profile "plugin_inlined\+0x[0-9a-f]+.*plugin\.c:$inlined\$"
    says "$1: a profile's frame of main" profile 'main\+0x[0-9a-f]+.*program\.c:[0-9]+$'
}

as_root=
program static "$built/libpond.a"
plugin "$scratch/early.so" plugin_early
plugin "$scratch/root/late.so" plugin_late
inlined=$(line INLINED "$sources/plugin.c") around=$(line 'PLUGIN' "$sources/plugin.c")

if ! run static 3; then
    as_root='unshare --user --map-root-user'
    if ! run static 3; then
        echo "there is no chroot here"
        exit 77
    fi
fi
has_names "libpond.a" static
run static 3 /late.so
has_names "more was loaded since" static
says "what was loaded since has names if its file is there" profile "plugin_late\+0x[0-9a-f]+.*plugin\.c:$around\$"

# Without it there are none: else nothing is seen here.
run static 0
! grep -q 'program\.c' "$scratch/report" "$scratch/profile" || fail "names were there without pond_prepare"
echo "ok without pond_prepare there are no names"

program shared "$built/libpond.so" -Wl,-rpath,"$built"
run shared 3
has_names "libpond.so" shared

# Debug information in files of its own.
program split -gsplit-dwarf "$built/libpond.a"
objcopy --only-keep-debug "$scratch/early.so" "$scratch/early.debug"
strip "$scratch/early.so"
objcopy --add-gnu-debuglink="$scratch/early.debug" "$scratch/early.so"
run split 3
has_names "debug information that lies elsewhere" split

# Where there is no libpond-symbol.
cat > "$scratch/alone.c" << 'END'
#include <errno.h>
#include <pond/pond.h>
int main(void)
{
    int said = pond_prepare(POND_PREPARE_SYMBOLS | POND_PREPARE_SYSTEM_CALLS), error = errno;
    return said == -1 && error == ENOENT && pond_prepare(POND_PREPARE_SYSTEM_CALLS) == 0 && pond_prepare(0) == 0 ? 0 : 1;
}
END
"$CC" -std=c11 -Iinclude -o "$scratch/alone" "$scratch/alone.c" "$built/libpond.a" -pthread
POND_SYMBOLIZE=0 "$scratch/alone" || fail "without libpond-symbol it does not say ENOENT"
echo "ok without libpond-symbol it says ENOENT"
