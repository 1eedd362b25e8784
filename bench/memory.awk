# SPDX-License-Identifier: BSD-2-Clause
# memory.csv to a table of resident bytes for each live byte, and what of the aims holds.
BEGIN {
    FS = ","
    aim["64B-oldest", "all got"] = 1.06
    aim["64B-oldest", "90% put back"] = 1.08
    aim["4KiB-random", "90% put back"] = 1.06
    aim["1KiB-random", "90% put back"] = 3.5
}

FNR > 1 {
    key = $2 SUBSEP $3
    if (!(key in seen)) { seen[key]; line[++lines] = key }
    if (!($1 in seen_peer)) { seen_peer[$1]; peer[++peers] = $1 }
    times[key, $1] = $5 / $4
}

END {
    printf "\nresident bytes for each live byte\n\n%-28s", ""
    for (i = 1; i <= peers; i++)
        printf " %11s", peer[i]
    print ""
    for (l = 1; l <= lines; l++) {
        split(line[l], name, SUBSEP)
        printf "%-28s", name[1] ", " name[2]
        for (i = 1; i <= peers; i++)
            printf " %11s", (line[l], peer[i]) in times ? sprintf("%.2f", times[line[l], peer[i]]) : "-"
        if ((line[l] in aim) && ((line[l], "pond_called") in times))
            printf "   pond at most %.2f: %s", aim[line[l]],
                   times[line[l], "pond_called"] <= aim[line[l]] ? "holds" : "MISSED"
        print ""
    }
}
