# SPDX-License-Identifier: BSD-2-Clause
# Where pond takes longer than the best peer: loses.awk RATIOS MEDIANS, as bench/time.awk makes them, with tabs.
BEGIN { FS = "\t" }

FILENAME == ARGV[1] { best[$1] = $2; inlined[$1] = $3; called[$1] = $4; next }
FNR == 1 { for (i = 2; i <= NF; i++) name[i] = $i; next }

function tell(r, p, ratio) {
    if (ratio + 0 > 1)
        printf "`%s`, ns, %s\t%.2f\t%s, %.2f\t%s\n", r, p == "pond_inline" ? "inlined" : "called", cost[p],
               best[r], cost[best[r]], ratio
}

$1 in best {
    for (i = 2; i <= NF; i++)
        cost[name[i]] = $i
    tell($1, "pond_inline", inlined[$1])
    tell($1, "pond_called", called[$1])
}
