# SPDX-License-Identifier: BSD-2-Clause
# knee.csv to a table with tabs: the smallest and the largest pool of each kind, and the kind's own choice (size 0)
# where it has one. Quantiles of the repetitions as in bench/knee/knee.c.
BEGIN {
    FS = ","
    kinds = split("freelist fifo pond malloc", kind, " ")
    said["freelist"] = "list, newest first"; said["fifo"] = "list, oldest first"
    said["pond"] = "pond"; said["malloc"] = "jemalloc"
    measures = split("constructions_per_s requests_per_cpu_s resident_per_live", measure, " ")
    words["constructions_per_s"] = "million constructions a second"
    words["requests_per_cpu_s"] = "million requests for each second of CPU time"
    words["resident_per_live"] = "resident for each live byte"
}

FNR > 1 && $4 in words {
    values[$1, $2, $4] = values[$1, $2, $4] " " $5
    if ($2 > 0 && (least == "" || $2 + 0 < least)) least = $2 + 0
    if ($2 + 0 > most) most = $2 + 0
}

function quantile(figures, share,   v, n, i, j, t, at, low) {
    n = split(figures, v, " ")
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    at = 1 + share * (n - 1)
    low = int(at)
    return low < n ? v[low] + (at - low) * (v[low + 1] - v[low]) : v[low]
}

function figure(k, size, m) {
    if (!((k, size, m) in values))
        return ""
    return sprintf("%.2f", quantile(values[k, size, m], m == "requests_per_cpu_s" ? 0.8 : 0.5) * \
                           (m == "resident_per_live" ? 1 : 1e-6))
}

END {
    printf "\t%d\t%d\town choice\n", least, most
    for (i = 1; i <= measures; i++)
        for (j = 1; j <= kinds; j++)
            if ((kind[j], least, measure[i]) in values)
                printf "%s, %s\t%s\t%s\t%s\n", said[kind[j]], words[measure[i]], figure(kind[j], least, measure[i]),
                       figure(kind[j], most, measure[i]), figure(kind[j], 0, measure[i])
}
