# SPDX-License-Identifier: BSD-2-Clause
# Where more memory stays resident with pond than with the best peer, by more than half a percent: tables of
# bench/memory.awk with tabs, in the order of `when`.
BEGIN {
    FS = "\t"
    split("all got,90% put back,two ticks later,purge called", when, ",")
}

FNR == 1 { files++; pond = 0; for (i = 2; i <= NF; i++) { name[i] = $i; if ($i == "pond_called") pond = i }; next }

function tell(r, pond, said, best) {
    if (pond != "" && pond != "?" && best && pond / $best >= 1.005)
        printf "`%s`, bytes a live byte, %s\t%.2f\t%s, %.2f\t%.2f\n", r, said, pond, name[best], $best, pond / $best
}

{
    best = 0
    for (i = 2; i <= NF; i++)
        if (name[i] !~ /^pond/ && $i != "?" && (!best || $i < $best))
            best = i
    tell($1, pond ? $pond : "", when[files], best)
    if (when[files] == "two ticks later")
        ticked[$1] = pond ? $pond : ""
    if (when[files] == "purge called")
        tell($1, ticked[$1], "two ticks later, where peers had their purge called", best)
}
