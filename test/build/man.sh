#!/bin/sh
# The man pages are well-formed and describe every function, option and statistic; their example works.
. test/build/lib.sh

project_make man > /dev/null
pages=build/man

mandoc -T lint -W warning $pages/pond.3 $pages/pond_get.3 2>&1 | grep -v 'outdated mandoc.db' > "$scratch/lint" || true
[ ! -s "$scratch/lint" ] || fail "$(cat "$scratch/lint")"

for page in pond pond_get; do
    mandoc -T ascii -O width=1000 $pages/$page.3 | sed "s/.$(printf '\b')//g" > "$scratch/$page" # no overstriking
done

# Every function of the contract has a page and, in it, a description; what only inlined code calls has not.
functions=$(sed -n 's/^ *\(pond_[a-z_]*\);.*/\1/p' src/pond.map | grep -vE '_(slow|worked)$|_self(_fence)?$')
for function in $functions pond_get_inline pond_put_inline; do
    [ -s "$pages/$function.3" ] || fail "$function has no page"
    grep -qE "^ +$function\(.*\)$" "$scratch/pond_get" || fail "pond_get(3) does not describe $function"
    grep -qE "^ +$function\(.*\);$" "$scratch/pond_get" || fail "pond_get(3) has no prototype of $function"
    [ "$function" = pond_get ] || [ "$(cat "$pages/$function.3")" = ".so man3/pond_get.3" ] ||
        fail "$function.3 does not lead to pond_get.3"
done

# Every member of the two structures and every documented constant.
for type in pond_options pond_stats; do
    "$CC" -std=c11 -E -P -Iinclude include/pond/pond.h | tr '\n' ' ' |
        sed -E "s/.*typedef struct $type \{([^}]*)\}.*/\1/" | tr ';' '\n' |
        sed -E 's/\[[^]]*\]//g; s/\(\*([a-z_]+)\)\(.*/\1/; s/^ *(const )?[a-z_0-9]+ //; s/[ *]//g' | tr ',' '\n' |
        sed -E 's/.*(construct|reset|destroy|create|footprint)$/\1/; /^$/d'
done > "$scratch/members"
[ "$(wc -l < "$scratch/members")" -gt 30 ] || fail "the members of pond_options and pond_stats were not found"
while read -r member; do
    grep -qE "^ +[a-z].*\b$member\b" "$scratch/pond" || fail "pond(3) does not describe $member"
done < "$scratch/members"
grep -oE '\bPOND_(DROP|FIELD|MAX|ZERO|THREAD)_[A-Z_]+\b' include/pond/pond.h | sort -u > "$scratch/constants"
while read -r constant; do
    [ "$constant" = POND_DROP_REASONS ] || grep -qE "^ +.*\b$constant\b" "$scratch/pond" ||
        fail "pond(3) does not mention $constant"
done < "$scratch/constants"

# shellcheck disable=SC2086 # flags
"$CC" -std=c11 $STRICT -Iinclude -o "$scratch/example" src/man/example.c build/release/libpond.a -pthread
"$scratch/example" > "$scratch/printed" || fail "the example of pond(3) fails"
grep -qx 'request 9' "$scratch/printed" || fail "the example of pond(3) does not print its requests"
grep -qF 'r->number = i;' "$scratch/pond" || fail "pond(3) does not show the example"
