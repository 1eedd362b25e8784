#!/bin/sh
# README.md and the pages of doc/: their code compiles, and what the first lines show works; links lead
# somewhere; every option and word has its row; what they count is so; make knows the targets that they name.
# shellcheck disable=SC2016 # Markdown has backticks
. test/build/lib.sh

pages="README.md $(echo doc/*.md)"

lines=$(wc -l < README.md)
[ "$lines" -le 250 ] || fail "README.md has $lines lines: what is more belongs into doc/"
for page in doc/*.md; do
    grep -qF "]($page" README.md || fail "README.md does not link $page"
done

# ---- code ----

# blocks PAGE: each block of C into a file of its own, $scratch/block-N.c. What stands before its first empty
# line is outside of functions, what comes behind it in one; all of it is in one where there is no empty line
# and no definition. A line that includes is outside in any case.
blocks()
{
    awk -v base="$scratch/block-" '
        function finish(    file, i, body, at, defines) {
            blocks++; file = base blocks ".c"
            print "#include \"test/readme/prelude.h\"" > file
            at = 0; defines = 0
            for (i = 1; i <= n; i++) {
                if (line[i] == "" && !at) at = i
                if (line[i] ~ /^(POND_|static )/) defines = 1
            }
            if (!at) at = defines ? n + 1 : 1
            for (i = 1; i <= n; i++) if (i < at || line[i] ~ /^#/) print line[i] > file
            print "void body(void);\nvoid body(void)\n{" > file
            for (i = at; i <= n; i++) if (line[i] !~ /^#/) print "    " line[i] > file
            print "}" > file
            close(file)
        }
        /^```c$/ { inside = 1; n = 0; next }
        /^```$/ && inside { inside = 0; finish() }
        inside { line[++n] = $0 }' "$1"
}

read_blocks=0
for page in $pages; do
    rm -f "$scratch"/block-*.c
    blocks "$page"
    for block in "$scratch"/block-*.c; do
        [ -e "$block" ] || continue
        read_blocks=$((read_blocks + 1))
        "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror -Wno-unused -I. -Iinclude \
            -c -o "$scratch/block.o" "$block" 2> "$scratch/said" ||
            fail "$page: a block of C does not compile: $(cat "$block" "$scratch/said")"
    done
done
[ $read_blocks -ge 4 ] || fail "only $read_blocks blocks of C were found in $pages"

# The first one: the second get has the object of the first, reset; two ticks drop it.
blocks README.md
{
    cat "$scratch/block-1.c"
    cat << 'END_OF_MAIN'
#include <assert.h>
int main(void)
{
    pond_stats s;
    struct conn *first = conn_get();
    assert(first != NULL && first->fd == 0);
    first->fd = 0x1234567;
    conn_put(first);
    struct conn *second = conn_get();
    assert(second == first && second->fd == 0);
    conn_put(second);
    body();
    pond_stats_read(conn_pond(), &s);
    assert(s.gets == 3 && s.constructed == 1 && s.live == 0);
    pond_epoch_advance();
    pond_stats_read(conn_pond(), &s);
    assert(s.dropped[POND_DROP_EPOCH] == 1);
    return pond_destroy(conn_pond());
}
END_OF_MAIN
} > "$scratch/first.c"
"$CC" -std=c11 -Wall -Wextra -Werror -I. -Iinclude -o "$scratch/first" "$scratch/first.c" \
    build/release/libpond.a -pthread
"$scratch/first" || fail "the first lines of README.md do not do what they say"

# ---- links ----

# anchors FILE: its headings as links call them.
anchors()
{
    sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed "s/[^a-z0-9 _-]//g; s/ /-/g"
}
for page in $pages; do
    grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v '^http' > "$scratch/links" || true
    sed -n 's/.*\(src\|href\)="\([^"]*\)".*/\2/p' "$page" >> "$scratch/links"
    while read -r link; do
        file=${link%%#*}
        [ -n "$file" ] && file=$(dirname "$page")/$file || file=$page
        [ -e "$file" ] || fail "$page links $link, which is not there"
        [ "$link" = "${link%%#*}" ] || anchors "$file" | grep -qxF -e "${link#*#}" ||
            fail "$page links $link, but $file has no such heading"
    done < "$scratch/links"
done

# ---- what has a row ----

"$CC" -std=c11 -E -P -Iinclude include/pond/pond.h | tr '\n' ' ' |
    sed -E 's/.*typedef struct pond_options \{([^}]*)\}.*/\1/' | tr ';' '\n' |
    sed -E 's/\(\*([a-z_]+)\)\(.*/\1/; s/.*\*([a-z_]+)\(.*/\1/; s/^ *(const )?[a-z_0-9]+ //; s/[ *]//g' |
    tr ',' '\n' |
    sed -E 's/.*(construct|reset|destroy|create|footprint)$/\1/; /^$/d; /^ctx$/d' > "$scratch/options"
[ "$(wc -l < "$scratch/options")" -ge 16 ] || fail "the options were not found: $(cat "$scratch/options")"
while read -r option; do
    sed -n '/^## Options/,/^## All/p' doc/options.md | grep -q "^| [^|]*\`$option\`[^|]* |" ||
        fail "doc/options.md has no row for the option $option"
done < "$scratch/options"
sed -nE 's/^ \*     ([a-z]+)(\[?=[^ ]+)? .*/\1/p' include/pond/debug.h > "$scratch/words"
[ "$(wc -l < "$scratch/words")" -ge 14 ] || fail "the words in pond/debug.h were not found"
while read -r word; do
    grep -qE "\`${word}[\`=]" doc/misuse.md || fail "doc/misuse.md does not name the word $word"
done < "$scratch/words"

# ---- what is counted ----

programs=$(find test/misuse -mindepth 2 -name '*.c*' ! -path '*/cost/*' | wc -l)
for words in "by words: $programs programs" "their $programs right twins"; do
    grep -q "$words" README.md || fail "README.md does not say: $words"
done
programs=$(find test/analyzer/wrong -name '*.c' | wc -l)
[ "$programs" -eq 0 ] || grep -q "has $programs such programs" doc/misuse.md ||
    fail "doc/misuse.md does not say that gcc -fanalyzer is tried with $programs programs"

# ---- make ----

project_make help > "$scratch/help"
# shellcheck disable=SC2086 # pages
grep -oh '`make [a-z0-9-]*' $pages | sort -u | sed 's/.* //; /^$/d' | while read -r target; do
    grep -q "^  make $target " "$scratch/help" || project_make -n "$target" > /dev/null 2>&1 ||
        fail "the target $target is named in README.md or doc/, but make does not know it"
done
