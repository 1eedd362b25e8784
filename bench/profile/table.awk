# SPDX-License-Identifier: BSD-2-Clause
# The tables of bench/profile/run, from its CSV: times, instructions, and whether the promises hold. Exits with 1 when
# one that is in instructions is missed.
BEGIN {
    FS = ","
    split("off 512k 64k", setting, " ")
}
$1 != "profile" || NF != 6 { next }
$5 ~ /_instructions$/ { count[$2, $3, $5] = $6; counted[$3] = 1; next }
$5 ~ /_ns$/ {
    if (!(($2, $3) in rounds)) { order[++lines] = $2 SUBSEP $3 }
    if ($4 + 0 > rounds[$2, $3]) rounds[$2, $3] = $4 + 0
    lower($2 SUBSEP $3 SUBSEP $5 SUBSEP $4, $6)
    lower($2 SUBSEP $3 SUBSEP $5, $6)
}

function lower(key, value) { if (!(key in least) || value + 0 < least[key]) least[key] = value + 0 }

# The shortest time of rounds from..to.
function shortest(line, which, from, to,    i, best, key) {
    best = -1
    for (i = from; i <= to; i++) {
        key = line SUBSEP which "_ns" SUBSEP i
        if (key in least && (best < 0 || least[key] < best)) best = least[key]
    }
    return best
}

# Whether both halves of the rounds found the same time, or nearly.
function steady(line, which,    n, a, b) {
    n = rounds[line]
    if (n < 2) return 0
    a = shortest(line, which, 1, int(n / 2)); b = shortest(line, which, int(n / 2) + 1, n)
    return a > 0 && b > 0 && a / b < 1.05 && b / a < 1.05
}

function middle(list, n,    i, j, held) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
            held = list[j]; list[j] = list[j - 1]; list[j - 1] = held
        }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function middle_ratio(line, which,    i, n, on, off, list) {
    for (i = 1; i <= rounds[line]; i++) {
        on = line SUBSEP which "_ns" SUBSEP i; off = line SUBSEP "off_ns" SUBSEP i
        if (on in least && off in least) list[++n] = least[on] / least[off]
    }
    return n ? middle(list, n) : 0
}

function ratio(line, which) { return least[line, which "_ns"] / least[line, "off_ns"] }

function cell(line, which,    doubt) {
    doubt = steady(line, which) && steady(line, "off") ? " " : "?"
    return sprintf("%8.2f %6.2f%s (%.2f)", least[line, which "_ns"], ratio(line, which), doubt,
        middle_ratio(line, which))
}

# An aim in figures, met or not. timed: it is no gate.
function promise(text, value, most, timed,    holds) {
    if (value == "") { printf "  %-78s not measured\n", text; return }
    holds = value + 0 <= most
    printf "  %-78s %6.2f  %s\n", text, value, holds ? "holds" : timed ? "does not hold here" : "MISSED"
    if (!holds && !timed) missed = 1
}

function times(    i, name, line) {
    print "\ntime of a pair, ns: the shortest of all runs; times the one with sampling off (the middle of the rounds' ratios)\n"
    printf "%-11s %-12s %8s %23s %23s\n", "row", "", "off", "every 512 KiB", "every 64 KiB"
    for (i = 1; i <= lines; i++) {
        line = order[i]
        split(line, name, SUBSEP)
        printf "%-11s %-12s %8.2f %23s %23s\n", name[1], name[2], least[line, "off_ns"], cell(line, "512k"),
            cell(line, "64k")
    }
}

function instructions(    i, j, name, line, key) {
    print "\ninstructions of a pair, its loop included\n"
    printf "%-11s %-12s %8s %15s %15s\n", "row", "", "off", "every 512 KiB", "every 64 KiB"
    for (i = 1; i <= lines; i++) {
        line = order[i]
        split(line, name, SUBSEP)
        if (!counted[name[2]]) continue
        printf "%-11s %-12s", name[1], name[2]
        for (j = 1; j <= 3; j++) {
            key = line SUBSEP setting[j] "_instructions"
            printf j == 1 ? " %8s" : " %15s", key in count ? sprintf("%.1f", count[key]) : "-"
        }
        print ""
    }
}

function of_pair(row, peer, which,    key) {
    key = row SUBSEP peer SUBSEP which "_instructions"
    return key in count ? count[key] : ""
}

function time_ratio(row) { return ((row, "pond_called") in rounds) ? ratio(row SUBSEP "pond_called", "512k") : "" }

function promises() {
    print "\npromises\n"
    promise("off: at most 29 instructions inlined", of_pair("pair-64B", "pond_inline", "off"), 29)
    promise("off: at most 37 instructions called", of_pair("pair-64B", "pond_called", "off"), 37)
    promise("every 512 KiB, 64 B: at most 66 instructions inlined", of_pair("pair-64B", "pond_inline", "512k"), 66)
    promise("every 512 KiB, 64 B: at most 72 instructions called", of_pair("pair-64B", "pond_called", "512k"), 72)
    promise("every 512 KiB, 64 B: at most 1.4 times the time of the plain pair, called", time_ratio("pair-64B"), 1.4, 1)
    promise("every 512 KiB, 1 KiB: at most 2.3 times the time of the plain pair, called", time_ratio("pair-1KiB"), 2.3, 1)
}

END {
    times()
    instructions()
    promises()
    exit missed
}
