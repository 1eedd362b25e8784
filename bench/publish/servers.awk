# SPDX-License-Identifier: BSD-2-Clause
# Rows of parts "server" and "demo" of a csv to a table with tabs: medians of the rounds, a line for each measure of a
# server, a column for each of `peers`.
#     -v best=1    the measures that say most, and the best of the peers
#     -v apart=1   all measures, each with how far its rounds lie apart
#     -v loses=1   without a head: where pond is not the best
BEGIN {
    FS = ","
    count_of_peers = split(peers == "" ? "pond glibc jemalloc mimalloc" : peers, peer, " ")
    say("qps", "requests a second", 1)
    say("p50_ms", "latency, the median, ms")
    say("p99_ms", "latency, 99 of 100, ms", 1)
    say("cpu_us_per_request", "processor time a request, µs", 1)
    say("large_qps", "large answers a second", 1)
    say("large_p99_ms", "of large answers: latency, 99 of 100, ms")
    say("larger_p99_ms", "of the largest answers: latency, 99 of 100, ms")
    say("large_cpu_us_per_request", "of large answers: processor time a request, µs")
    say("calm_qps", "in the calm: requests a second")
    say("calm_p99_ms", "in the calm: latency, 99 of 100, ms")
    say("page_faults", "page faults", 1)
    say("resident_peak_bytes", "resident at the peak, MiB", 1)
    say("resident_after_two_ticks_bytes", "resident two ticks later, MiB", 1)
    say("resident_calm_end_bytes", "resident after the calm, MiB")
    say("resident_idle_end_bytes", "resident at the end, MiB")
}

function say(measure, words, much) {
    order[++measures] = measure
    text[measure] = words
    if (much)
        says_much[measure]
}

$1 == "server" || $1 == "demo" {
    if (!($2 in seen)) { seen[$2]; server[++servers] = $2 }
    key = $2 SUBSEP $5 SUBSEP $3
    value[key, ++count[key]] = $6 + 0
}

# Sets middle, and spread: most less least.
function summarise(key,   n, i, j, list) {
    n = count[key]
    for (i = 1; i <= n; i++) {
        for (j = i; j > 1 && list[j - 1] > value[key, i]; j--)
            list[j] = list[j - 1]
        list[j] = value[key, i]
    }
    middle = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    spread = list[n] - list[1]
}

function shown(figure, measure) {
    if (measure ~ /_bytes$/)
        figure /= 1048576
    return with_commas(sprintf(figure < 10 ? "%.2f" : figure < 100 ? "%.1f" : "%.0f", figure))
}

function with_commas(digits,   behind) {
    while (digits ~ /^[0-9][0-9][0-9][0-9]+$/) {
        behind = "," substr(digits, length(digits) - 2) behind
        digits = substr(digits, 1, length(digits) - 3)
    }
    return digits behind
}

# How many times as good b is as a; less is better but for rates.
function times(measure, a, b) {
    if (!(middle_of[a] > 0 && middle_of[b] > 0))
        return 1
    return measure ~ /qps$/ ? middle_of[b] / middle_of[a] : middle_of[a] / middle_of[b]
}

# Reads the line of a measure; returns how many peers have it, and sets first to the best.
function read_line(s, measure,   i, key, many) {
    first = ""
    split("", middle_of); split("", spread_of)
    for (i = 1; i <= count_of_peers; i++) {
        key = s SUBSEP measure SUBSEP peer[i]
        if (!(key in count))
            continue
        summarise(key)
        middle_of[peer[i]] = middle
        spread_of[peer[i]] = spread
        rounds = count[key]
        many++
        if (first == "" || times(measure, first, peer[i]) > 1)
            first = peer[i]
    }
    return many
}

function cell(name, measure,   words) {
    if (!(name in middle_of))
        return "-"
    words = shown(middle_of[name], measure)
    return apart && rounds > 1 && middle_of[name] > 0 ? sprintf("%s (%.0f%%)", words,
                                                                spread_of[name] / middle_of[name] * 100) : words
}

function print_line(s, measure,   i) {
    printf "%s: %s", s, text[measure]
    for (i = 1; i <= count_of_peers; i++)
        printf "\t%s", cell(peer[i], measure)
    if (best)
        printf "\t%s", first
    else if (!apart && count_of_peers == 2)
        printf "\t%s", (middle_of[peer[2]] > 0 ? sprintf("%.2f", middle_of[peer[1]] / middle_of[peer[2]]) : "-")
    print ""
}

# "?" when the rounds differ more than the two.
function print_loss(s, measure,   difference, unsure) {
    difference = middle_of["pond"] - middle_of[first]
    difference = difference < 0 ? -difference : difference
    unsure = rounds < 2 || spread_of["pond"] > difference || spread_of[first] > difference
    if (times(measure, "pond", first) >= 1.005)
        printf "%s: %s\t%s\t%s, %s\t%.2f%s\n", s, text[measure], cell("pond", measure), first, cell(first, measure),
               times(measure, "pond", first), unsure ? "?" : ""
}

function print_head(   i) {
    for (i = 1; i <= count_of_peers; i++)
        printf "\t%s", peer[i]
    if (best)
        printf "\tbest"
    else if (!apart && count_of_peers == 2)
        printf "\t%s / %s", peer[1], peer[2]
    print ""
}

END {
    if (!loses)
        print_head()
    for (s = 1; s <= servers; s++)
        for (m = 1; m <= measures; m++) {
            if ((best && !(order[m] in says_much)) || !read_line(server[s], order[m]))
                continue
            if (!loses)
                print_line(server[s], order[m])
            else if ("pond" in middle_of)
                print_loss(server[s], order[m])
        }
}
