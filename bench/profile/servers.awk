# SPDX-License-Identifier: BSD-2-Clause
# The table of one server of bench/profile/servers: -v server=NAME -v seconds=OF_A_ROUND.
BEGIN { FS = "," }
$1 == "profile" && $2 == server { value[$3, $5, $4] = $6; if ($4 > rounds) rounds = $4 + 0 }

function sort(list, n,    i, j, held) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
            held = list[j]; list[j] = list[j - 1]; list[j - 1] = held
        }
}

# The middle of sorted numbers, and its bounds: with n numbers, those 0.98 sqrt(n) places below and above it.
function bounds(list, n,    away) {
    away = 0.98 * sqrt(n)
    low = list[int((n + 1) / 2 - away) < 1 ? 1 : int((n + 1) / 2 - away)]
    high = list[int((n + 1) / 2 + away + 0.999) > n ? n : int((n + 1) / 2 + away + 0.999)]
    middle = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function all(variant, measure, ratio, list,    i) {
    for (i = 1; i <= rounds; i++)
        list[i] = value[variant, measure, i] / (ratio ? value["off", measure, i] : 1)
    sort(list, rounds)
    bounds(list, rounds)
}

# Of the best round of each: what disturbs a round makes it worse and never better.
function best(variant, measure,    list) {
    all(variant, measure, 0, list)
    return measure == "qps" ? list[rounds] : list[1]
}

function show(variant, words, measure, format,    list) {
    all(variant, measure, 0, list)
    printf "  %-24s " format, words, middle
    if (variant != "off") {
        all(variant, measure, 1, list)
        from = low; to = high
        printf "   %+6.2f%% (%+.2f to %+.2f)   best rounds %+.2f%%", (middle - 1) * 100, (low - 1) * 100,
            (high - 1) * 100, (best(variant, measure) / best("off", measure) - 1) * 100
    }
    print ""
}

function verdict(least, most) {
    if (rounds < 6) return "not to be told from so few rounds"
    return most <= 1.01 ? "holds" : least > 1.01 ? "does not hold here" : "not to be told here: the noise is larger"
}

END {
    printf "\n%s, %d rounds of %d s each in turn\n\n processor time of a request, us\n", server, rounds, seconds
    show("off", "off", "cpu_us_per_request", "%10.2f")
    show("again", "off, once more: noise", "cpu_us_per_request", "%10.2f")
    show("512k", "every 512 KiB", "cpu_us_per_request", "%10.2f")
    printf "  at most 1%% more: %s\n", verdict(from, to)
    print " requests per second"
    show("off", "off", "qps", "%10.0f")
    show("again", "off, once more: noise", "qps", "%10.0f")
    show("512k", "every 512 KiB", "qps", "%10.0f")
    printf "  at most 1%% less: %s\n", verdict(1 / to, 1 / from)
}
