# SPDX-License-Identifier: BSD-2-Clause
# time.csv to the table of medians, and what of the aims holds. An aim is information, never an error.
# With -v table=1: the figures alone, for bench/plot. With -v statistic=least: of the fastest round of each, which
# a busy machine disturbs less.
# -v cores=N: on so many cores; cost is time on the clock times the cores that a row can use.
BEGIN {
    FS = ","
    if (statistic == "")
        statistic = "median"
    if (cores == "")
        cores = 2
    called_aim = 0.70; inlined_aim = 0.45; shared_aim = 1.00; threads_aim = 1.1
    split("pond_inline pond_called pond_shared limit tcmalloc jemalloc mimalloc glibc gslice tbb dpdk " \
          "mutex_list ck_list go", order_of_peers, " ")
    split("tcmalloc jemalloc mimalloc glibc gslice tbb dpdk mutex_list ck_list go", rivals, " ")
}

FNR > 1 {
    if (!($3 in seen_row)) { seen_row[$3]; row[++rows] = $3 }
    if (!($1 in seen_peer)) { seen_peer[$1]; came[++comers] = $1 }
    values[$3, $1] = values[$3, $1] " " $6 * ($4 < cores ? $4 : cores)
}

# Sets typical (the median, or the least) and spread (most minus least) of the figures in a string.
function summarise(figures,   v, n, i, j, t) {
    n = split(figures, v, " ")
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    typical = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    if (statistic == "least")
        typical = v[1]
    spread = v[n] - v[1]
    return n
}

function add_column(p) {
    if ((p in seen_peer) && !(p in column))
        peer[column[p] = ++peers] = p
}

function header(   i) {
    printf "\nns for a get and put pair, %s of %d rounds\n\n%-22s", statistic, rounds, ""
    for (i = 1; i <= peers; i++)
        printf " %11s", peer[i]
    printf " | %-10s %7s %7s\n", "best peer", "called", "inlined"
}

# The fastest of the rivals in a row, or "".
function best(r,   i, b) {
    for (i in rivals)
        if ((r, rivals[i]) in cost && (b == "" || cost[r, rivals[i]] < cost[r, b]))
            b = rivals[i]
    return b
}

# The time of p as part of the time of `than`; "?" behind it when the rounds differ more than the two.
function ratio(r, p, than,   difference, unsure) {
    if (!((r, p) in cost) || !((r, than) in cost))
        return "-"
    difference = cost[r, than] - cost[r, p]
    if (difference < 0)
        difference = -difference
    unsure = rounds < 2 || spread_of[r, p] > difference || spread_of[r, than] > difference
    if (unsure && rounds > 1)
        doubts = doubts sprintf("  %s, %s and %s: they differ by %.1f ns, the rounds by %.1f and %.1f ns\n", r, p,
                                than, difference, spread_of[r, p], spread_of[r, than])
    return sprintf("%.2f%s", cost[r, p] / cost[r, than], unsure ? "?" : "")
}

function print_row(r,   i, b) {
    printf "%-22s", r
    for (i = 1; i <= peers; i++)
        printf " %11s", (r, peer[i]) in cost ? sprintf("%.2f", cost[r, peer[i]]) : "-"
    b = best(r)
    if (b == "" || r ~ /-only$/) { print ""; return }
    part_called[r] = ratio(r, "pond_called", b)
    part_inlined[r] = ratio(r, "pond_inline", b)
    printf " | %-10s %7s %7s\n", b, part_called[r], part_inlined[r]
}

# A line for each row, a column for each peer; what was not measured is "?".
function print_table(   i, r) {
    printf "row"
    for (i = 1; i <= peers; i++)
        printf "\t%s", peer[i]
    print ""
    for (r = 1; r <= rows; r++) {
        printf "%s", row[r]
        for (i = 1; i <= peers; i++)
            printf "\t%s", (row[r], peer[i]) in cost ? cost[row[r], peer[i]] : "?"
        print ""
    }
}

function verdict(what, figure, holds) {
    if (figure != "-")
        printf "  %-63s %7s  %s\n", what, figure, holds ? "holds" : "MISSED"
}

function fast_enough(r, called, inlined) {
    if (!(r in part_called))
        return
    verdict(sprintf("%s, called: at most %.2f of the best peer", r, called), part_called[r],
            part_called[r] + 0 <= called)
    verdict(sprintf("%s, inlined: at most %.2f of the best peer", r, inlined), part_inlined[r],
            part_inlined[r] + 0 <= inlined)
}

# More threads cost per pair what one does, but for the tenth that the machine may err.
function as_one_thread(r, one, p,   times) {
    if (!((r, p) in cost) || !((one, p) in cost))
        return
    times = cost[r, p] / cost[one, p]
    verdict(r ", " p ": at most " threads_aim " times " one, sprintf("%.2f", times), times <= threads_aim)
}

function threads_enough(p) {
    as_one_thread("pair-64B-2-threads", "pair-64B", p)
    as_one_thread("pair-64B-8-threads", "pair-64B", p)
    as_one_thread("pair-1KiB-2-threads", "pair-1KiB", p)
}

function print_aims(   i) {
    print "\naims"
    for (i = 1; i <= rows; i++)
        if (row[i] ~ /^(handed-over|larson|constructed)$|8-threads$/)
            fast_enough(row[i], shared_aim, shared_aim)
        else
            fast_enough(row[i], called_aim, inlined_aim)
    threads_enough("pond_called")
    threads_enough("pond_inline")
}

END {
    for (i = 1; i in order_of_peers; i++)
        add_column(order_of_peers[i])
    for (i = 1; i <= comers; i++)
        add_column(came[i])
    for (key in values) {
        n = summarise(values[key])
        rounds = n > rounds ? n : rounds
        cost[key] = typical
        spread_of[key] = spread
    }
    if (table) {
        print_table()
        exit
    }
    header()
    for (i = 1; i <= rows; i++)
        print_row(row[i])
    if (rounds < 2)
        print "\n? One round tells nothing of the spread: none of the ratios is certain."
    if (doubts != "")
        printf "\n? The rounds differ more than the peers do; run again on a calmer machine:\n%s", doubts
    if (("pond_called" in seen_peer) || ("pond_inline" in seen_peer))
        print_aims()
}
