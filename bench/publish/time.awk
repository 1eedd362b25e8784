# SPDX-License-Identifier: BSD-2-Clause
# README.md's rows of the time table: time.awk RATIOS MEDIANS, as bench/time.awk makes them, with tabs.
# -v words=1: the table, with a column for each of `peers`. -v words=0: the medians of these rows, as they are.
BEGIN {
    FS = "\t"
    row("pair-64B", "pair")
    row("pair-64B-8-threads", "pair, 8 threads on " cores " cores")
    row("burst-lifo-64", "burst of 64, last in first out")
    row("burst-fifo-4096", "burst of 4,096, first in first out")
    row("replace-1024", "random replacement, 1,024 live")
    row("used-burst-lifo-512", "burst of 512, each object written")
    row("constructed", "burst of 64 constructed objects of 1 KiB")
    row("larson", "threads that exit, others go on (larson)")
    row("handed-over", "one thread gets, another puts")
    columns = split("pond_inline pond_called " peers, column, " ")
}

function row(name, said) {
    order[++rows] = name
    text[name] = said
}

FILENAME == ARGV[1] { inlined[$1] = $3; called[$1] = $4; next }
FNR == 1 { for (i = 2; i <= NF; i++) name[i] = $i; head = $0; next }
$1 in text { line[$1] = $0; for (i = 2; i <= NF; i++) cost[$1, name[i]] = $i }

function figure(value) {
    return value == "" || value == "?" ? "?" : sprintf(value < 100 ? "%.1f" : "%.0f", value)
}

function print_row(r,   i) {
    printf "%s", text[r]
    for (i = 1; i <= columns; i++)
        printf "\t%s", figure(cost[r, column[i]])
    printf "\t%s\t%s\n", inlined[r], called[r]
}

END {
    if (words) {
        head = "\tpond inlined\tpond called"
        for (i = 3; i <= columns; i++)
            head = head "\t" column[i]
        head = head "\tinlined, of best\tcalled, of best"
    }
    print head
    for (i = 1; i <= rows; i++)
        if (order[i] in line) {
            if (words)
                print_row(order[i])
            else
                print line[order[i]]
        }
}
