#!/bin/sh
# Every header can be included alone, twice, and after every other one, in C and C++, with gcc and clang; in
# programs of other styles, too: macros named like attributes and keywords, older standards, more warnings.
# A C++11 program works with them.
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

for header in src/*.h src/check/*.h src/symbol/*.h src/flame/*.h src/write/*.h src/pages/*.h src/http/*.h; do
    [ -e "$header" ] || continue
    for compiler in gcc clang; do
        compiles "$compiler" c c11 "#include \"${header#src/}\"\n" -D_GNU_SOURCE -Isrc -Wno-unused-function
    done
done

# ---- programs of other styles ----

# A program may have macros of these names, before the include or after it. Each stands for what no compiler
# takes.
names='alias aligned alloc_size always_inline asm cleanup cold constructor deprecated destructor flatten format
free hidden hot inline malloc may_alias mode noclone noinline nonnull noplt noreturn packed pure restrict
returns_nonnull section sentinel thread_sanitizer tls_model typeof unused used visibility volatile
warn_unused_result weak'

# And macros of these names after it: what is expanded then must not use them.
later='c made obj options p type'

# A header in such a program. It has globals that no parameter or variable may hide, and uses what there is to
# expand.
for header in $public "pond/inline.h> and <pond/typed.h"; do
    {
        # C++'s own headers use keywords.
        printf '#ifdef __cplusplus\n#include <cerrno>\n#include <memory>\n#endif\n'
        echo 'extern int address, c, obj, options, p, start, top, made(void), type(void), value(void);'
        for name in $names; do echo "#define $name @"; done
        echo "#include <$header>" | sed 's, and ,\n#include ,'
        for name in $later; do echo "#define $name @"; done
        cat << 'END'
struct item { double value; int other; };
#ifdef POND_TYPED_H
POND_DECLARE(item, struct item)
#ifdef __cplusplus
POND_DEFINE(item, struct item)
#else
static int item_made(void *item, void *ctx) { (void)ctx; return !item; }
POND_DEFINE(item, struct item, .construct = item_made)
#endif
POND_TYPE(item_types, struct item, POND_SENSITIVE(value), POND_KEPT(other));
POND_TYPE(bare_types, struct item);
size_t scoped(void);
size_t scoped(void)
{
    POND_SCOPED(item, one);
    return !one ? POND_MAX_SIZE : item_types.field_count + bare_types.field_count + POND_MAX_CACHE_OBJECTS;
}
#endif
END
    } > "$scratch/host-$(echo "$header" | tr -dc a-z.)"
done

# $1: compiler, $2: language, $3: standard, further: more flags
hosts_compile()
{
    compiler=$1 language=$2 standard=$3
    shift 3
    for host in "$scratch"/host-*; do
        # shellcheck disable=SC2086 # flags
        "$compiler" -x "$language" -std="$standard" $STRICT -pedantic-errors $STYLE "$@" -Iinclude \
            -fsyntax-only "$host" || fail "$compiler -std=$standard refuses ${host##*/} in a program of another style"
    done
}

STYLE='-Wshadow -Wcast-align -Wcast-qual -Wundef -Wredundant-decls -Wwrite-strings -Wmissing-declarations
       -Wdouble-promotion'
C_STYLE='-Wdeclaration-after-statement -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
         -Wbad-function-cast -Wnested-externs -Wvla -Wc++-compat'
CXX_STYLE='-Wold-style-cast -Wzero-as-null-pointer-constant -Wextra-semi -Wnon-virtual-dtor'
for standard in c89 gnu89 c99 c11 gnu17; do
    # shellcheck disable=SC2086 # flags
    hosts_compile gcc c $standard $C_STYLE -Wcast-align=strict
    # shellcheck disable=SC2086 # flags
    hosts_compile clang c $standard $C_STYLE -Wno-keyword-macro
done
for standard in c++11 c++17 c++20; do
    # shellcheck disable=SC2086 # flags
    hosts_compile gcc c++ $standard $CXX_STYLE -Wuseless-cast
    # shellcheck disable=SC2086 # flags
    hosts_compile clang c++ $standard $CXX_STYLE -Wno-keyword-macro
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
