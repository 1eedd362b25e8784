# shellcheck shell=bash
# What make knee and `own` share: all runs, in repetitions that each have all of them in a shuffled order; then where
# the knee is, in figures, in words and drawn. Who sources this says
#
#     cases                        prints a line KIND SIZE for each run of a repetition; size 0: the own choice
#     measure KIND SIZE            makes a run, prints a line MEASURE,VALUE for everything measured; ends the program
#                                  where that fails
#
# and has $here, where this file is, $out, the directory for knee.csv, knee-found.csv, knee.svg, knee.png and knee.md,
# and $knee, the program that finds knees.

# sweep REPETITIONS SECONDS: so many seconds a run takes, for a start.
sweep()
{
    local repetitions=$1 left=$2 repetition kind size run=0 runs began=$SECONDS
    runs=$(($(cases | wc -l) * repetitions))
    echo "kind,size,repetition,measure,value" >"$out/knee.csv"
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        while read -r kind size <&3; do
            left=$(awk -v done="$run" -v runs="$runs" -v took=$((SECONDS - began)) -v guess="$2" '
                BEGIN { printf "%.0f", (runs - done) * (done > 4 ? took / done : guess) }')
            run=$((run + 1))
            printf 'repetition %d of %d, %s %s: about %d s left\n' "$repetition" "$repetitions" "$kind" "$size" "$left" >&2
            measure "$kind" "$size" >"$out/run.csv"
            sed "s/^/$kind,$size,$repetition,/" "$out/run.csv" >>"$out/knee.csv"
        done 3< <(cases | shuf --random-source=<(yes "$repetition"))
    done
    rm -f "$out/run.csv"
}

# find_knee OPTION: from knee.csv to all the rest; OPTION is what the size is, of ponds of one's own program, or nothing.
find_knee()
{
    # In one order, however the runs were shuffled: pond, malloc, freelist, fifo.
    sort -s -t, -k1,1r "$out/knee.csv" | "$knee" >"$out/knee-found.csv"
    awk -v option="$1" -f "$here/words.awk" "$out/knee-found.csv" >"$out/knee.md"
    "$here/plot" "$out" "$1"
    cat "$out/knee.md"
}

tell_if_busy()
{
    local busy
    busy=$(awk '$1 > 0.5 { print $1 }' /proc/loadavg)
    if [ -n "$busy" ]; then
        echo "Other programs keep this machine busy (load $busy): the intervals will be wide." >&2
    fi
}
