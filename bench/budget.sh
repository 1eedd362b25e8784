# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The time that bench/run may take, and how it is spent. Sourced by it.
#
# Each part has a share. A part ends when the shares up to its own are spent, so what one leaves is there for the
# next, and none takes from a later one. What no longer fits is left out, and said.
# shellcheck disable=SC2034 # shared with run, which sources this

parts=(time memory instr servers)
declare -A share=()
part='' part_begin=0 part_end=0 part_share=0
left_out=()

# begin_part NAME
begin_part()
{
    part=$1
    part_begin=$SECONDS
    part_share=${share[$1]}
    part_end=$((part_end + part_share))
}

# What the shares of the parts behind this one add up to.
later_shares()
{
    local name sum=0 behind=
    for name in "${parts[@]}"; do
        [ -z "$behind" ] || sum=$((sum + share[$name]))
        [ "$name" != "$part" ] || behind=1
    done
    echo $sum
}

# time_left DONE AHEAD: seconds until the whole run ends. This part goes on as it went, within its share; with
# "share" in the place of what is ahead it goes on until that is spent.
time_left()
{
    local most=$((part_end - SECONDS)) here
    here=$most
    if [ "$2" != share ] && (($1 > 0)); then
        here=$(((SECONDS - part_begin) * $2 / $1))
    fi
    ((here < most)) || here=$most
    ((here > 0)) || here=0
    echo $((here + $(later_shares)))
}

# progress DONE AHEAD WORDS... Silent once the part's time is over: then it is said what is left out.
progress()
{
    ((SECONDS < part_end)) || return 0
    printf '%s: about %d s left of the whole run\n' "${*:3}" "$(time_left "$1" "$2")" >&2
}

# within COMMAND...: ends it when the part's time is over, with status 124 or 137, as timeout does.
within()
{
    local left=$((part_end - SECONDS))
    ((left > 0)) || return 124
    timeout --foreground -k 5 "$left" "$@"
}

out_of_time()
{
    [ "$1" = 124 ] || [ "$1" = 137 ]
}

# leave_out WHAT WHOSE
leave_out()
{
    left_out+=("$1: $2")
    echo "$1: $2 is left out, the time for this part is over" >&2
}

# What was left out: a line for each WHAT, with all those whose it is.
all_left_out()
{
    [ ${#left_out[@]} -eq 0 ] || printf '%s\n' "${left_out[@]}" | awk '
        { what = $0; sub(/:.*/, "", what); if (!(what in whose)) order[++many] = what
          sub(/^[^:]*: /, ""); whose[what] = whose[what] (what in whose && whose[what] != "" ? " " : "") $0 }
        END { for (i = 1; i <= many; i++) print order[i] ": " whose[order[i]] }'
}
