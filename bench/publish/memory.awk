# SPDX-License-Identifier: BSD-2-Clause
# README.md's memory table: memory.awk TWO_TICKS_LATER PURGE_CALLED, tables of bench/memory.awk with tabs. `peers`
# have a column each, with both.
BEGIN {
    FS = "\t"
    columns = split(peers, column, " ")
    printf "\tpond"
    for (i = 1; i <= columns; i++)
        printf "\t%s", column[i]
    print ""
}

FNR == 1 { for (i = 2; i <= NF; i++) name[i] = $i; next }
FILENAME == ARGV[1] { for (i = 2; i <= NF; i++) left[$1, name[i]] = $i; next }

function figure(value) {
    return value == "" || value == "?" ? "-" : sprintf(value < 10 ? "%.2f" : "%.1f", value)
}

{
    for (i = 2; i <= NF; i++)
        purged[name[i]] = $i
    printf "%s\t%s", $1, figure(left[$1, "pond_called"])
    for (i = 1; i <= columns; i++)
        printf "\t%s / %s", figure(left[$1, column[i]]), figure(purged[column[i]])
    print ""
}
