#!/bin/sh
# The word `leak` looks at exit after everything that may put objects yet: functions registered with atexit,
# destructors, with a priority or none, of the program and of a library that uses libpond; with libpond.a and with
# libpond.so. With leak=1 it would tell of each object that is live when it looks.
. test/build/lib.sh

unset POND_DEBUG
plain=build/release

cat > "$scratch/user.c" << 'END'
#include <pond/pond.h>
#include <stdlib.h>

static pond *objects;
static void *object[4];

static void put(int i)
{
    if (i > 0 || !KEEPS)
        pond_put(objects, object[i]);
}

static void at_exit(void) { put(3); }
__attribute__((destructor)) static void plainly(void) { put(0); }
__attribute__((destructor(65535))) static void early(void) { put(1); }
__attribute__((destructor(102))) static void late(void) { put(2); }

void PREFIX_begin(void);
void PREFIX_begin(void)
{
    objects = pond_create(&(pond_options){.name = "objects", .size = 64});
    for (int i = 0; i < 4; i++)
        object[i] = pond_get(objects);
    atexit(at_exit);
}
END
cat > "$scratch/main.c" << 'END'
void program_begin(void);
void library_begin(void);

int main(void)
{
    program_begin();
    library_begin();
    return 3;
}
END

# ends_with TITLE WORDS PATTERN: status 3, and it says this alone, or nothing.
ends_with()
{
    status=0
    POND_DEBUG=$2 LD_LIBRARY_PATH=$PWD/$plain:$scratch "$scratch/program" > "$scratch/said" 2>&1 || status=$?
    [ $status = 3 ] || fail "$1: status $status: $(cat "$scratch/said")"
    if [ -n "$3" ]; then
        grep -q "$3" "$scratch/said" || fail "$1: it says: $(cat "$scratch/said")"
    elif [ -s "$scratch/said" ]; then
        fail "$1: it says: $(cat "$scratch/said")"
    fi
    echo "ok $1"
}

compile() # PREFIX FLAG...
{
    prefix=$1
    shift
    sed "s/PREFIX/$prefix/" "$scratch/user.c" > "$scratch/$prefix.c"
    # shellcheck disable=SC2086 # flags
    $CC $STRICT -O1 -g -Iinclude "$@" -o "$scratch/$prefix.o" -c "$scratch/$prefix.c"
}

compile program -DKEEPS=0
compile library -DKEEPS=0 -fPIC
$CC -c -o "$scratch/main.o" "$scratch/main.c"
$CC -shared -o "$scratch/libuser.so" "$scratch/library.o" -L$plain -lpond

for order in "main program library lib" "lib main library program" "library lib program main"; do
    objects=
    for part in $order; do
        [ "$part" = lib ] && part=$plain/libpond.a || part=$scratch/$part.o
        objects="$objects $part"
    done
    # shellcheck disable=SC2086 # paths without spaces
    $CC -o "$scratch/program" $objects $plain/libpond.a -pthread
    ends_with "libpond.a, linked as $order" leak=1 ''
    ends_with "the same, fast and full" fast,full,leak=1 ''
done

# shellcheck disable=SC2086 # paths without spaces
$CC -o "$scratch/program" "$scratch/main.o" "$scratch/program.o" -L"$scratch" -luser -L$plain -lpond -pthread
ends_with "libpond.so, and a library that uses it" leak=1 ''

# It would tell: of one that nobody puts.
compile program -DKEEPS=1
# shellcheck disable=SC2086 # paths without spaces
$CC -o "$scratch/program" "$scratch/main.o" "$scratch/program.o" "$scratch/library.o" $plain/libpond.a -pthread
ends_with "what is not put is told of" leak=1 '1 object live at exit is kept: pond "objects"'
