#!/bin/sh
# A pond hides no bug from AddressSanitizer, ThreadSanitizer and Valgrind, though the library that is linked
# was built with none of them; and what is right they find right.
. test/build/lib.sh
. test/check/tools/run.sh

for variant in asan tsan; do
    project_make VARIANT=$variant build/$variant/libpond.a > /dev/null
done

# ---- AddressSanitizer ----

# asan NAME TITLE
asan()
{
    silent "$2: right" "$scratch/$1" right
    silent "$2: right, with ponds left at exit" "$scratch/$1" kept
    for bug in read write last memset neighbour overflow odd; do
        finds "$2: $bug" 'AddressSanitizer: use-after-poison' "$scratch/$1" $bug
    done
    finds "$2: write into pond's own red zone" 'AddressSanitizer: use-after-poison' \
        env POND_DEBUG=redzone "$scratch/$1" overflow
    silent "$2: right, with every check" env POND_DEBUG=full,stacks=2 "$scratch/$1" right
    silent "$2: nobody told" env POND_DEBUG=off "$scratch/$1" write
}

for compiler in gcc clang; do
    for kind in a so; do
        built asan "$compiler" idle $plain/libpond.$kind -fsanitize=address
        asan asan "$compiler, address, plain libpond.$kind"
    done
done
built asan gcc idle build/asan/libpond.a -fsanitize=address,undefined
asan asan "gcc, address, libpond.a with address"

# ---- Valgrind ----

for kind in a so; do
    built memcheck gcc idle $plain/libpond.$kind
    memcheck="valgrind -q --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite
        --error-exitcode=9"
    # shellcheck disable=SC2086 # a command with its options
    {
        silent "valgrind, libpond.$kind: right" $memcheck "$scratch/memcheck" right
        silent "valgrind, libpond.$kind: right, with ponds left at exit" $memcheck "$scratch/memcheck" kept
        finds "valgrind, libpond.$kind: read" 'Invalid read of size 4' $memcheck "$scratch/memcheck" read
        for bug in write last memset neighbour overflow odd; do
            finds "valgrind, libpond.$kind: $bug" 'Invalid write of size' $memcheck "$scratch/memcheck" $bug
        done
        # It knows the object as it knows what malloc gave: who freed it, who had it.
        finds "valgrind, libpond.$kind: who put it" "inside a block of size 32 free'd" \
            $memcheck "$scratch/memcheck" write
        silent "valgrind, libpond.$kind: right, with every check" env POND_DEBUG=full,stacks=2 \
            $memcheck "$scratch/memcheck" right
        silent "valgrind, libpond.$kind: nobody told" env POND_DEBUG=off $memcheck "$scratch/memcheck" write
    }
done

# ---- ThreadSanitizer ----

for compiler in gcc clang; do
    for kind in a so; do
        built tsan "$compiler" handover $plain/libpond.$kind -fsanitize=thread
        silent "$compiler, thread, plain libpond.$kind: handed over" "$scratch/tsan"
        silent "$compiler, thread, plain libpond.$kind: handed over, with zones" \
            env POND_DEBUG=redzone,stacks=0 "$scratch/tsan"
    done
done

built tsan gcc handover build/tsan/libpond.a -fsanitize=thread
silent "gcc, thread, libpond.a with thread: handed over" "$scratch/tsan"

# The same where the library says nothing of a put or a get: else the order came from elsewhere, and the above
# shows nothing.
for word in acquire release; do
    objcopy --redefine-sym __tsan_$word=there_is_no_such_thing $plain/libpond.a "$scratch/mute.a"
    built mute gcc handover "$scratch/mute.a" -fsanitize=thread
    finds "thread, a libpond that tells no $word" 'ThreadSanitizer: data race' "$scratch/mute"
done
