#!/bin/sh
# `make help` lists every target that somebody may call: each with a comment "## TEXT", each that a text of the
# project names, and no other; and every makefile of the project is read.
. test/build/lib.sh

# none TITLE: standard input, which has one line for each that is wrong, is empty.
none()
{
    if wrong=$(cat) && [ -z "$wrong" ]; then
        echo "ok $1"
    else
        echo "FAIL $1:"
        echo "$wrong" | sed 's/^/    /'
        touch "$scratch/failed" # not a variable: this is the last part of a pipe
    fi
}

# without LIST: the lines of standard input that LIST does not have
without()
{
    sort -u | comm -23 - "$scratch/$1"
}

makefiles=$(find Makefile .ci src test examples bench -name Makefile -o -name '*.mk')
project_make help > "$scratch/help"
# shellcheck disable=SC2016 # make's
project_make --eval 'print-makefiles: ; @printf "%s\n" $(MAKEFILE_LIST)' print-makefiles | sort -u > "$scratch/read"
# shellcheck disable=SC2016 # make's
project_make --eval 'print-parts: ; @printf "check-%s\n" $(PARTS); printf "%s\n" $(LINTERS)' print-parts > "$scratch/parts"
project_make -pn clean 2> /dev/null | sed -n 's/^\([a-z][a-z0-9-]*\):.*/\1/p' | sort -u > "$scratch/rules"
sed -n 's/^  make \([a-z][a-z0-9-]*\)  *[^ ].*/\1/p' "$scratch/help" | sort > "$scratch/listed"
sort -u "$scratch/listed" "$scratch/parts" > "$scratch/known"
# shellcheck disable=SC2086 # a list of files
sed -n 's/^\([a-z][a-z0-9-]*\):.*## .*/\1/p' $makefiles | sort -u > "$scratch/described"

echo "$makefiles" | without read | none "every makefile is read"
without listed < "$scratch/described" | none "each target with a description is listed"
uniq -d "$scratch/listed" | none "none is listed twice"
without rules < "$scratch/known" | none "what is listed can be made"
awk 'length > 132' "$scratch/help" | none "no line of it is too long"
while read -r part; do
    grep -qw -- "${part#*-}" "$scratch/help" || echo "$part"
done < "$scratch/parts" | none "the parts of check and lint are named"

# Code in Markdown, within backticks, a fence or behind four blanks: the words behind each "make" that are neither
# variables nor options. Two blanks end a command.
# shellcheck disable=SC2016 # perl's
find . -name '*.md' -not -path './build/*' -print0 | xargs -0 perl -0777 -ne '
    my @code;
    s/^```.*?\n(.*?)^```/push @code, $1; ""/gmse;
    s/^ {4}(.*)$/push @code, $1; ""/gme;
    push @code, $1 while /`([^`]+)`/g;
    for (@code) {
        s/#.*//g;
        while (/(?:^|[\s;(])make((?:[ \n](?:[A-Z_]+=\S*|-\S+|[a-z][a-z0-9-]*+(?![\/<.])))+)/g) {
            for my $word (split " ", $1) {
                print "$word\n" if $word =~ /^[a-z]/ && $word !~ /=/;
            }
        }
    }' | without known | none "each target that a text names is listed"

# What is meant for rules and scripts alone is in use there.
# shellcheck disable=SC2016,SC2086 # perl's; a list of files
perl -ne '
    while (s/\\\n$//) { $_ .= <>; }
    next unless s/^\.PHONY:\s*//;
    print "$_\n" for grep { /^[a-z][a-z0-9-]*$/ && !/-is-missing$/ } split;' $makefiles | without known > "$scratch/internal"
while read -r name; do
    # shellcheck disable=SC2086 # a list of files
    grep -rwhE -- "$name" $makefiles .ci test/build test/*/*.sh bench/*/run examples/run-all |
        grep -vE -- "^\.PHONY:|^ +install-|^$name:|^.*\\b$name: *\$" | grep -qw -- "$name" || echo "$name"
done < "$scratch/internal" | none "a target without a description is one that others call"
[ ! -e "$scratch/failed" ]
