# SPDX-License-Identifier: BSD-2-Clause
# Lines with tabs to a Markdown table; the first line is its head. What is empty, or "?", was not measured.
BEGIN { FS = "\t" }

{
    printf "|"
    for (i = 1; i <= NF; i++)
        printf " %s |", (NR > 1 && ($i == "" || $i == "?") ? "-" : $i)
    print ""
}

NR == 1 {
    printf "|"
    for (i = 1; i <= NF; i++)
        printf "%s|", i == 1 ? "---" : "---:"
    print ""
}
