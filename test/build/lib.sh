# Shared by the tests of the build, which run from the project's root: strict flags, a scratch directory
# that goes away, and `fail`.
# shellcheck shell=sh disable=SC2034 # used by those who source this
set -eu

CC=${CC:-cc} CXX=${CXX:-c++} MAKE=${MAKE:-make}
[ "${CC##*/}" = cc ] && ! command -v cc > /dev/null && CC=gcc
STRICT='-Wall -Wextra -Wpedantic -Wconversion -Werror'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# The project's make, as a make of its own: not a part of the one that runs this test.
project_make()
{
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES "$MAKE" --no-print-directory "$@"
}

fail()
{
    echo "$*" >&2
    exit 1
}
