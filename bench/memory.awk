# SPDX-License-Identifier: BSD-2-Clause
# memory.csv to a table of resident bytes for each live byte, and where pond keeps the least. With -v table='two ticks
# later', or another time: the figures of that time alone, with tabs, for bench/plot and bench/publish.
BEGIN {
    FS = ","
    split("pond_called tcmalloc jemalloc mimalloc glibc gslice tbb dpdk mutex_list ck_list go",
          order_of_peers, " ")
}

FNR > 1 {
    key = $2 SUBSEP $3
    if (!(key in seen)) { seen[key]; line[++lines] = key }
    seen_peer[$1]
    times[key, $1] = $5 / $4
}

# The least of all peers but pond in a line, or "".
function least(key,   i, b) {
    for (i = 1; i <= peers; i++)
        if (peer[i] !~ /^pond/ && (key, peer[i]) in times &&
            (b == "" || times[key, peer[i]] < times[key, b]))
            b = peer[i]
    return b
}

# Behind the line of what is left after two ticks: whether pond keeps the least.
function verdict(key,   b, pond) {
    b = least(key)
    if (key !~ /two ticks later$/ || b == "" || !((key, "pond_called") in times))
        return ""
    pond = times[key, "pond_called"]
    return sprintf("   pond the least: %s", pond <= times[key, b] ? "holds" : "MISSED, " b)
}

function print_table(   i, l, name) {
    printf "case"
    for (i = 1; i <= peers; i++)
        printf "\t%s", peer[i]
    print ""
    for (l = 1; l <= lines; l++) {
        split(line[l], name, SUBSEP)
        if (name[2] != table)
            continue
        printf "%s", name[1]
        for (i = 1; i <= peers; i++)
            printf "\t%s", (line[l], peer[i]) in times ? times[line[l], peer[i]] : "?"
        print ""
    }
}

END {
    for (i = 1; i in order_of_peers; i++)
        if (order_of_peers[i] in seen_peer)
            peer[++peers] = order_of_peers[i]
    if (table) {
        print_table()
        exit
    }
    printf "\nresident bytes for each live byte\n\n%-28s", ""
    for (i = 1; i <= peers; i++)
        printf " %11s", peer[i]
    print ""
    for (l = 1; l <= lines; l++) {
        split(line[l], name, SUBSEP)
        printf "%-28s", name[1] ", " name[2]
        for (i = 1; i <= peers; i++)
            printf " %11s", (line[l], peer[i]) in times ? sprintf("%.3f", times[line[l], peer[i]]) : "-"
        print verdict(line[l])
    }
}
