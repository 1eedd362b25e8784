#!/bin/sh
# However a block with POND_SCOPED ends its object is put back, as typed.h says: pthread_exit and cancellation
# need -fexceptions, and lose the object without.
. test/build/lib.sh

project_make lib > /dev/null

# ways FLAGS: what the program says, on one line.
ways()
{
    # shellcheck disable=SC2086 # flags
    "$CC" -std=gnu11 $STRICT -O2 $1 -Iinclude -o "$scratch/scoped" test/build/program/scoped.c \
        build/release/libpond.a -pthread
    "$scratch/scoped" | tr '\n' ' '
}
said=$(ways -fexceptions)
[ "$said" = 'end 0 return 0 break 0 goto 0 exit 0 cancel 0 ' ] || fail "with -fexceptions: $said"
said=$(ways -fno-exceptions)
[ "$said" = 'end 0 return 0 break 0 goto 0 exit 1 cancel 2 ' ] || fail "typed.h says otherwise of -fno-exceptions: $said"
