# SPDX-License-Identifier: BSD-2-Clause
# Where pond takes more instructions than the best peer; reads bench.csv.
$1 == "instr" && $5 == "instructions" {
    count[$3] = $6
    if ($3 !~ /^(pond|limit)/ && (best == "" || $6 + 0 < count[best] + 0))
        best = $3
}

function tell(p, how) {
    if (p in count && best != "" && count[p] > count[best])
        printf "instructions of a pair, %s\t%.0f\t%s, %.0f\t%.2f\n", how, count[p], best, count[best],
               count[p] / count[best]
}

END {
    tell("pond_inline", "inlined")
    tell("pond_called", "called")
}
