# SPDX-License-Identifier: BSD-2-Clause
# Of a table (head: what, then peers; figures, less is better): the `many` peers with the least geometric mean, and
# glibc, which everybody has, in their order. Peers without a figure for each row do not take part; nor do pond and
# the limit.
BEGIN { FS = "\t" }

NR == 1 {
    for (i = 2; i <= NF; i++)
        name[i] = $i
    columns = NF
    next
}

{
    for (i = 2; i <= columns; i++) {
        lacks[i] += $i == "?"
        sum[i] += $i + 0 > 0 ? log($i) : 0
    }
}

function takes_part(i) {
    return name[i] !~ /^(pond|limit)/ && !lacks[i] && !chosen[i]
}

END {
    for (; many > 0; many--) {
        best = 0
        for (i = 2; i <= columns; i++)
            if (takes_part(i) && (!best || sum[i] < sum[best]))
                best = i
        if (best) {
            chosen[best] = 1
            print name[best]
        }
    }
    for (i = 2; i <= columns; i++)
        if (name[i] == "glibc" && !chosen[i])
            print name[i]
}
