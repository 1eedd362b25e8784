# SPDX-License-Identifier: BSD-2-Clause
# The context rows of a csv, in a sentence: when, on what machine, with what compiler. machine.awk CSV [OTHER]: of
# OTHER, only when, where the rest is as in CSV.
BEGIN {
    FS = ","
    parts = split("machine cores architecture processor memory system kernel compiler", part, " ")
}

FNR == 1 { files++ }
$1 == "context" { value[files, $5] = $6 }

function same(   i) {
    for (i = 1; i <= parts; i++)
        if (value[1, part[i]] != value[files, part[i]])
            return 0
    return files > 1
}

function v(name) {
    return value[files, name]
}

END {
    day = v("date")
    sub(/T.*/, "", day)
    printf "Measured on %s%s, on ", day, v("commit") == "" ? "" : " at commit " v("commit")
    if (same())
        printf "the machine of the times."
    else
        printf "a %s: %s %s cores of %s, %s of memory, %s, %s, %s.", v("machine"), v("cores"), v("architecture"),
               v("processor"), v("memory"), v("system"), v("kernel"), v("compiler")
    if (v("quick") == 1)
        printf " **A quick run: it shows what the tables look like, and nothing else.**"
    print ""
}
