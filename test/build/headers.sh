#!/bin/sh
# Every header can be included alone, twice, and after every other one, in C and C++, with gcc and clang;
# a C++11 program works with them.
. test/build/lib.sh

# $1: compiler, $2: language, $3: standard, $4: the lines to compile, further: more flags
compiles()
{
    compiler=$1 language=$2 standard=$3 text=$4
    shift 4
    # shellcheck disable=SC2086 # flags
    printf '%b' "$text" | "$compiler" -x "$language" -std="$standard" $STRICT -Iinclude "$@" -fsyntax-only - ||
        fail "$compiler -std=$standard refuses: $text"
}

cd include
public=$(echo pond/*.h)
cd ..
for header in $public; do
    for other in $public; do
        pair="#include <$header>\n#include <$other>\n"
        for compiler in gcc clang; do
            compiles "$compiler" c c11 "$pair"
            compiles "$compiler" c++ c++11 "$pair"
        done
    done
    for compiler in gcc clang; do
        compiles "$compiler" c c17 "#include <$header>\n"
        compiles "$compiler" c c11 "#include <$header>\n" -DPOND_FENCE
        compiles "$compiler" c++ c++20 "#include <$header>\n"
    done
done

for header in src/*.h src/check/*.h src/symbol/*.h; do
    [ -e "$header" ] || continue
    for compiler in gcc clang; do
        compiles "$compiler" c c11 "#include \"${header#src/}\"\n" -D_GNU_SOURCE -Isrc -Wno-unused-function
    done
done

cat > "$scratch/program.cc" << 'END'
#include <pond/inline.h>
#include <pond/typed.h>

struct item { int value; };
POND_DECLARE(item, struct item)
POND_DEFINE(item, struct item)
POND_TYPE(item_type, struct item, POND_SENSITIVE(value));

int main()
{
    pond_typed<item> owned;
    bool well = item_type.field_count == 1 && owned.get_pond() != nullptr;
    {
        pond_typed<item>::pointer first = owned.get();
        POND_SCOPED(item, second);
        well = well && first && second != nullptr;
    }
    pond_stats stats;
    pond_stats_read(owned.get_pond(), &stats);
    well = well && stats.live == 0 && stats.puts == 1;
    pond_stats_read(item_pond(), &stats);
    return well && stats.live == 0 && stats.puts == 1 ? 0 : 1;
}
END
for compiler in g++ clang++; do
    # shellcheck disable=SC2086 # flags
    $compiler -std=c++11 $STRICT -Iinclude -o "$scratch/program" "$scratch/program.cc" build/release/libpond.a \
        -pthread
    "$scratch/program" || fail "the C++ program built with $compiler does not work"
done
