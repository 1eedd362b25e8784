#!/bin/sh
# The man pages are well-formed and describe every function, option and statistic; their example works.
. test/build/lib.sh

project_make man > /dev/null
pages=build/man

mandoc -T lint -W warning $pages/pond.3 $pages/pond_get.3 $pages/pond_typed.3 $pages/pond_debug.3 $pages/pond_profile.3 $pages/pond_http.3 2>&1 | grep -v 'outdated mandoc.db' > "$scratch/lint" || true
[ ! -s "$scratch/lint" ] || fail "$(cat "$scratch/lint")"

for page in pond pond_get pond_typed pond_debug pond_profile pond_http; do
    mandoc -T ascii -O width=1000 $pages/$page.3 | sed "s/.$(printf '\b')//g" > "$scratch/$page" # no overstriking
done

# Every function of the contract has a page and, in it, a description; what only code of the headers calls has not.
functions=$(sed -n 's/^ *\(pond_[a-z_]*\);.*/\1/p' src/pond.map | grep -vE '_(slow|worked|sized)$|_self(_fence)?$')
for function in $functions pond_get_inline pond_put_inline pond_profile_write pond_profile_answer pond_answer_host \
    pond_http_start pond_http_port pond_http_stop; do
    case $function in
    pond_http_*) page=pond_http ;;
    pond_profile_* | pond_answer_* | pond_on_trace | pond_trace_each | pond_history_read) page=pond_profile ;;
    pond_debug_* | pond_on_* | pond_report_count | pond_audit) page=pond_debug ;;
    *) page=pond_get ;;
    esac
    [ -s "$pages/$function.3" ] || fail "$function has no page"
    grep -qE "^ +$function\(.*\)$" "$scratch/$page" || fail "$page(3) does not describe $function"
    grep -qE "^ +$function\(.*\);$" "$scratch/$page" || fail "$page(3) has no prototype of $function"
    [ "$function" = pond_get ] || [ "$(cat "$pages/$function.3")" = ".so man3/$page.3" ] ||
        fail "$function.3 does not lead to $page.3"
done

# So has every macro that is for programs: its page says what each of its arguments is.
for macro in POND_DECLARE POND_DEFINE POND_TYPE POND_SCOPED POND_SENSITIVE POND_POINTER POND_KEPT; do
    [ "$(cat "$pages/$macro.3")" = ".so man3/pond_typed.3" ] || fail "$macro.3 does not lead to pond_typed.3"
    grep -qE "^ +$macro\(.*\)$" "$scratch/pond_typed" || fail "pond_typed(3) does not describe $macro"
    grep -qE "^ +$macro\(.*\);$" "$scratch/pond_typed" || fail "pond_typed(3) has no prototype of $macro"
done
for page in pond pond_get pond_typed pond_debug pond_profile pond_http; do
    ! grep -E 'comment says otherwise|From a hook: (no|refused)' "$scratch/$page" ||
        fail "$page(3) has a phrase that means nothing there"
done

# members TYPE HEADER: the names in a structure
members()
{
    "$CC" -std=c11 -E -P -Iinclude "include/pond/$2" | tr '\n' ' ' |
        sed -E "s/.*typedef struct $1 \{([^}]*)\}.*/\1/" | tr ';' '\n' |
        sed -E 's/\[[^]]*\]//g; s/\*const \*/*/g; s/\(\*([a-z_]+)\)\(.*/\1/; s/^ *(const )?[a-z_0-9]+ //; s/[ *]//g' | tr ',' '\n' |
        sed -E 's/.*(construct|reset|destroy|create|footprint)$/\1/; /^$/d'
}

# describes PAGE LEAST: it describes each member that is read, of which there are so many at least.
describes()
{
    read_members=0
    while read -r member; do
        grep -qE "^ +[a-z].*\b$member\b" "$scratch/$1" || fail "$1(3) does not describe $member"
        read_members=$((read_members + 1))
    done
    [ $read_members -ge "$2" ] || fail "only $read_members members of the structures in $1(3) were found"
}

# Every member of the structures, every word and every documented constant.
{
    members pond_options pond.h
    members pond_stats pond.h
    members pond_limits pond.h
} | describes pond 38
{
    members pond_report debug.h
    members pond_report_stack debug.h
} | describes pond_debug 16
{
    members pond_profile_row profile.h
    members pond_profile_life profile.h
    members pond_history profile.h
} | describes pond_profile 24
members pond_http_options http.h | describes pond_http 6
sed -nE 's/^ \*     ([a-z]+)(\[?=[^ ]+)? .*/\1/p' include/pond/debug.h > "$scratch/words"
[ "$(wc -l < "$scratch/words")" -ge 14 ] || fail "the words in pond/debug.h were not found"
while read -r word; do
    grep -qE "^ +$word(\[|=| )" "$scratch/pond_debug" || fail "pond_debug(3) does not describe the word $word"
done < "$scratch/words"
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
# shellcheck disable=SC2086 # flags
"$CC" -std=c11 $STRICT -Iinclude -o "$scratch/typed" src/man/typed.c build/release/libpond.a -pthread
[ "$(POND_DEBUG=full "$scratch/typed")" = "$(printf 'text 0\ntext 1\ntext 2')" ] || fail "the example of pond_typed(3) fails"
grep -qF 'POND_SCOPED(text, t);' "$scratch/pond_typed" || fail "pond_typed(3) does not show the example"
