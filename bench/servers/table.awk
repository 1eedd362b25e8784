# SPDX-License-Identifier: BSD-2-Clause
# server.csv to a table per server: the medians of the rounds, and which variant is best where pond is not.
BEGIN {
    FS = ","
    peers = split("pond glibc jemalloc mimalloc", peer, " ")
    many = split("qps large_qps calm_qps", more_is_better, " ")
    for (i = 1; i <= many; i++)
        more[more_is_better[i]]
}

FNR == 1 { next }
$1 == "server" {
    key = $2 SUBSEP $5
    if (!(key in seen)) { seen[key]; line[++lines] = key }
    values[key, $3, ++count[key, $3]] = $6 + 0
    present[$3]
}

# The middle one; sorts what it is given.
function median(key, name,    n, i, j, held, list) {
    n = count[key, name]
    for (i = 1; i <= n; i++) {
        held = values[key, name, i]
        for (j = i - 1; j >= 1 && list[j] > held; j--)
            list[j + 1] = list[j]
        list[j + 1] = held
    }
    spread[key, name] = list[int((n + 1) / 2)] > 0 ? (list[n] - list[1]) / list[int((n + 1) / 2)] : 0
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function shown(value, measure) {
    if (measure ~ /_bytes$/)
        return sprintf("%.1f MiB", value / 1048576)
    return sprintf(value < 100 ? "%.3f" : "%.0f", value)
}

END {
    for (l = 1; l <= lines; l++) {
        split(line[l], part, SUBSEP)
        if (part[1] != server) {
            server = part[1]
            printf "\n%-33s", server ", medians"
            for (i = 1; i <= peers; i++)
                if (peer[i] in present) printf " %11s", peer[i]
            print "   first   its spread"
        }
        best = ""
        printf "%-33s", part[2]
        for (i = 1; i <= peers; i++) {
            if (!(peer[i] in present)) continue
            if (!((line[l], peer[i]) in count)) { printf " %11s", "-"; continue }
            value = median(line[l], peer[i])
            printf " %11s", shown(value, part[2])
            if (best == "" || (part[2] in more ? value > best_value : value < best_value)) {
                best = peer[i]
                best_value = value
            }
        }
        printf "   %-8s %3.0f%%\n", best, 100 * spread[line[l], best]
    }
}
