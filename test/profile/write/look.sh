# Shared by the tests of profiles: what Go's tool says, in figures. After test/build/lib.sh.
# shellcheck shell=sh disable=SC2154 # scratch is its

# needs FILE...: ends with 77 where one of these, Go's tool or protoc is missing.
needs()
{
    for what; do
        [ -e "$what" ] || {
            echo "there is no $what"
            exit 77
        }
    done
    if ! command -v go > /dev/null || ! command -v protoc > /dev/null; then
        echo "go tool pprof or protoc is missing"
        exit 77
    fi
    export HOME="$scratch" PPROF_TMPDIR="$scratch/tmp" GOFLAGS=
}

# look ARGUMENT...: what Go's tool says, without leaving out what is small; $scratch/seen
look()
{
    (cd "$scratch" && go tool pprof -symbolize=none -nodefraction=0 -edgefraction=0 "$@") \
        > "$scratch/seen" 2> "$scratch/warned" || fail "go tool pprof $*: $(cat "$scratch/warned")"
}

# is TITLE FOUND WANTED
is()
{
    [ "$2" = "$3" ] || fail "$1: '$2' is not '$3': $(cat "$scratch/seen")"
    echo "ok $1"
}

# says TITLE FILE PATTERN
says()
{
    grep -qE -e "$3" "$2" || fail "$1: no '$3' in $(cat "$2")"
    echo "ok $1"
}

# flat NAME, cum NAME: of the table of -top, without units.
column()
{
    awk -v column="$1" -v name="$2" '
        $1 == "flat" { table = 1; next }
        table { value = $column; sub(/B$/, "", value)
                for (i = 0; i < 5; i++) sub(/^ *[^ ]+ */, "")
                sub(/ \(inline\)$/, "")
                if ($0 == name) { print value; found = 1 } }
        END { if (!found) print "none" }' "$scratch/seen"
}
flat() { column 1 "$1"; }
cum() { column 4 "$1"; }
