#!/bin/sh
# What gcc -fanalyzer says of programs that misuse a pond, and of programs that look like them and do not.
#
#     wrong/NAME.c   each has a comment "// warning: -WNAME" and the line of it marked /* here */: that warning
#                    comes on that line, and none on any other
#     right/NAME.c   no warning at all
#
# A comment "// flags: ..." among the first lines adds flags to a program's compilation.
#
# What gcc 12 does not see, and the checks at run time do:
#   - an object that was handed, as a pointer to non-const, to a function whose body is in another file:
#     that function might have put it, so nothing is known of the object from there on
#   - an object stored in a global, a list, a queue; put by another thread; got with pond_get_many
#   - a conn_discard after a conn_put is no double put to it, but a use after put: seen where the one
#     always follows the other
#   - a pond_put into another pond than pond_get came from: typed ponds tell them apart, untyped ones not
#   - what a reset hook leaves behind, a hook that breaks the rules, a pond that was destroyed
#   - anything of <pond/inline.h> used directly, but with -DPOND_ANALYZER (which is slower code: for the
#     analysis alone)
# What it says without a reason: a leak of what POND_SCOPED holds on a way out through a function of one's own that
# does not return (one that calls exit).
# A leak is reported where the last path that knew the object ends: the statement before a return, the
# end of a function.
set -u
cd "$(dirname "$0")/../.." || exit
cc=${CC:-gcc}
export LC_ALL=C
if ! "$cc" -v 2>&1 | grep -q '^gcc version'; then
    echo "$cc has no -fanalyzer"
    exit 77
fi
if [ "$("$cc" -dumpversion | cut -d. -f1)" -lt 12 ]; then
    echo "$cc is older than gcc 12"
    exit 77
fi
said=$(mktemp)
trap 'rm -f "$said" "$said.short"' EXIT
bad=0

# analyse FILE: "LINE WARNING" for each warning is in $said; 1, and what the compiler said, when it does not
# compile. A warning in another file has the line 0.
analyse() {
    flags=$(sed -n '1,6s,^// flags: *,,p' "$1")
    # shellcheck disable=SC2086 # flags
    "$cc" -std=c11 -O1 -Wall -Wextra -Wpedantic -fanalyzer -fdiagnostics-plain-output $flags -Iinclude \
        -c -o /dev/null "$1" > "$said" 2>&1 || return
    awk -v file="$1" '/: warning: / {
        split($0, part, ":")
        option = $NF
        gsub(/[][]/, "", option)
        print (part[1] == file ? part[2] : 0), option
    }' "$said" > "$said.short" && mv "$said.short" "$said"
}

# verdict NAME STATUS: prints the test's line, and of a failed one what the compiler said.
verdict() {
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
        return
    fi
    bad=1
    echo "FAIL $1: line and warning:"
    sed 's/^/    /' "$said"
}

# is_reported FILE: as its comments say, and nowhere else.
is_reported() {
    warning=$(sed -n '1,6s,^// warning: *,,p' "$1")
    line=$(grep -nF '/* here */' "$1" | cut -d: -f1)
    analyse "$1" && grep -qxF -e "$line $warning" "$said" && ! grep -qv "^$line " "$said"
}

is_silent() {
    analyse "$1" && [ ! -s "$said" ]
}

for program in test/analyzer/wrong/*.c; do
    is_reported "$program"
    verdict "wrong/$(basename "$program" .c)" $?
done
for program in test/analyzer/right/*.c; do
    is_silent "$program"
    verdict "right/$(basename "$program" .c)" $?
done
exit $bad
