# SPDX-License-Identifier: BSD-2-Clause
# time.csv to the table of medians, that of pond beside the best peer and the limit, what makes them doubtful, and
# what of the aims holds. An aim is information, never an error.
# With -v table=medians, -v table=ratios, -v table=doubts or -v table=aims: this alone, with tabs and no words around
# it, for bench/plot and bench/publish. With -v statistic=least: of the fastest round of each, which a busy machine disturbs
# less.
# -v cores=N: on so many cores; cost is time on the clock times the cores that a row can use.
BEGIN {
    FS = ","
    if (statistic == "")
        statistic = "median"
    if (cores == "")
        cores = 2
    called_aim = 0.70; inlined_aim = 0.45; shared_aim = 1.00; threads_aim = 1.1
    apart_most = 0.15; rounds_most = 0.20
    split("pond_inline pond_called pond_shared limit limit_called tcmalloc jemalloc mimalloc glibc gslice tbb " \
          "dpdk mutex_list ck_list go", order_of_peers, " ")
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
    printf " | %s\n", "best peer"
}

# The fastest of the rivals in a row, or "".
function best(r,   i, b) {
    for (i in rivals)
        if ((r, rivals[i]) in cost && (b == "" || cost[r, rivals[i]] < cost[r, b]))
            b = rivals[i]
    return b
}

# One figure tells nothing of the spread.
function few(r, p) {
    return rounds_of[r, p] < 2
}

# The time of p as part of the time of `than`; "?" behind it when the rounds differ more than the two, which is
# noted when `note`.
function ratio(r, p, than, note,   difference, unsure) {
    if (!((r, p) in cost) || !((r, than) in cost))
        return "-"
    difference = cost[r, than] - cost[r, p]
    if (difference < 0)
        difference = -difference
    unsure = few(r, p) || few(r, than) || spread_of[r, p] > difference || spread_of[r, than] > difference
    if (note && unsure && !few(r, p) && !few(r, than))
        doubts = doubts sprintf("  %s, %s and %s: they differ by %.1f ns, the rounds by %.1f and %.1f ns\n", r, p,
                                than, difference, spread_of[r, p], spread_of[r, than])
    return sprintf("%.2f%s", cost[r, p] / cost[r, than], unsure ? "?" : "")
}

# The rows that compare peers: pond beside the best of them.
function compared(r) {
    return best(r) != "" && r !~ /-only$/
}

function print_row(r,   i) {
    printf "%-22s", r
    for (i = 1; i <= peers; i++)
        printf " %11s", (r, peer[i]) in cost ? sprintf("%.2f", cost[r, peer[i]]) : "-"
    printf "%s\n", compared(r) ? " | " best(r) : ""
}

# How far the rounds lie apart, most less least, as a part of the median; "-" when there is one only.
function apart(r, p) {
    return (r, p) in cost && !few(r, p) ? sprintf("%.0f%%", spread_of[r, p] / cost[r, p] * 100) : "-"
}

function print_ratios_header() {
    print "\npond beside the best peer and the limit, the called one beside limit_called; how far the rounds lie apart " \
          "(most less least, of the median)\n"
    printf "%-22s %-10s | %-19s | %-19s | %s\n", "", "", "part of best peer", "times the limit", "rounds apart"
    printf "%-22s %-10s | %9s %9s | %9s %9s | %7s %7s %7s %7s\n", "", "best peer", "inlined", "called", "inlined",
           "called", "inlined", "called", "best", "limit"
}

function print_ratios(format, r,   b) {
    b = best(r)
    printf format, r, b, part_inlined[r], part_called[r], ratio(r, "pond_inline", "limit"),
           ratio(r, "pond_called", "limit_called"), apart(r, "pond_inline"), apart(r, "pond_called"), apart(r, b),
           apart(r, "limit")
}

# What part of the best peer's time pond takes, in the rows that compare peers.
function take_parts(   i) {
    for (i = 1; i <= rows; i++)
        if (compared(row[i])) {
            part_inlined[row[i]] = ratio(row[i], "pond_inline", best(row[i]), 1)
            part_called[row[i]] = ratio(row[i], "pond_called", best(row[i]), 1)
        }
}

function print_all_ratios(format,   i) {
    for (i = 1; i <= rows; i++)
        if (row[i] in part_called)
            print_ratios(format, row[i])
}

# The same code in every program but Go's: how far its figures lie apart is how far they can be trusted.
function doubt_of_handover(   i, r, most, least, p) {
    r = "handover-only"
    for (i = 1; i <= peers; i++) {
        p = peer[i]
        if (p == "go" || !((r, p) in cost))
            continue
        if (most == "" || cost[r, p] > cost[r, most])
            most = p
        if (least == "" || cost[r, p] < cost[r, least])
            least = p
    }
    if (most != "" && cost[r, most] > cost[r, least] * (1 + apart_most))
        printf "%s is the same code in every program, but takes from %.2f ns (%s) to %.2f ns (%s): differences of " \
               "that size between peers mean nothing where threads share.\n", r, cost[r, least], least,
               cost[r, most], most
}

# The limit does next to nothing: what its rounds differ by is the machine's doing.
function doubt_of_limit(   i, r, part, worst, many) {
    for (i = 1; i <= rows; i++) {
        r = row[i]
        if (!((r, "limit") in cost) || r ~ /^handover-only$/)
            continue
        part = spread_of[r, "limit"] / cost[r, "limit"]
        many += part > rounds_most
        if (part > rounds_most && (worst == "" || part > spread_of[worst, "limit"] / cost[worst, "limit"]))
            worst = r
    }
    if (worst != "")
        printf "The rounds of limit, which does next to nothing, lie more than %.0f%% apart in %d %s, most in %s " \
               "(%s): the machine was not calm.\n", rounds_most * 100, many,
               many == 1 ? "row" : "rows", worst, apart(worst, "limit")
}

# One sentence each.
function print_doubts() {
    doubt_of_handover()
    if (rounds > 1)
        doubt_of_limit()
    else
        print "? One round tells nothing of the spread: none of the ratios is certain."
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
        printf table == "aims" ? "%s\t%s\t%s\n" : "  %-63s %7s  %s\n", what, figure, holds ? "holds" : "MISSED"
}

function fast_enough(r, called, inlined) {
    if (!(r in part_called))
        return
    verdict(sprintf("%s, called: at most %.2f of the best peer", r, called), part_called[r],
            part_called[r] + 0 <= called)
    verdict(sprintf("%s, inlined: at most %.2f of the best peer", r, inlined), part_inlined[r],
            part_inlined[r] + 0 <= inlined)
}

# How many times as much a pair of p takes in row r as in row one.
function times_of(r, one, p) {
    return (r, p) in cost && (one, p) in cost ? cost[r, p] / cost[one, p] : 0
}

# More threads cost per pair what one does, but for the tenth that the machine may err; what the limit takes more,
# which shares nothing, is the machine's doing.
function as_one_thread(r, one, p,   times, limit) {
    times = times_of(r, one, p)
    limit = times_of(r, one, "limit")
    if (times > 0)
        verdict(r ", " p ": at most " threads_aim " times " one ", limit's growth aside", \
                sprintf("%.2f", times / (limit > 1 ? limit : 1)), times <= threads_aim * (limit > 1 ? limit : 1))
}

function threads_enough(p) {
    as_one_thread("pair-64B-2-threads", "pair-64B", p)
    as_one_thread("pair-64B-8-threads", "pair-64B", p)
    as_one_thread("pair-1KiB-2-threads", "pair-1KiB", p)
}

function print_aims(   i) {
    for (i = 1; i <= rows; i++)
        if (row[i] ~ /^(handed-over|larson|constructed)$|8-threads$|^cold-/)
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
        rounds_of[key] = n
    }
    take_parts()
    if (table == "medians")
        print_table()
    if (table == "ratios")
        print_all_ratios("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n")
    if (table == "doubts")
        print_doubts()
    if (table == "aims")
        print_aims()
    if (table != "")
        exit
    header()
    for (i = 1; i <= rows; i++)
        print_row(row[i])
    print_ratios_header()
    print_all_ratios("%-22s %-10s | %9s %9s | %9s %9s | %7s %7s %7s %7s\n")
    print ""
    print_doubts()
    if (doubts != "")
        printf "\n? The rounds differ more than the peers do; run again on a calmer machine:\n%s", doubts
    if (("pond_called" in seen_peer) || ("pond_inline" in seen_peer)) {
        print "\naims"
        print_aims()
    }
}
