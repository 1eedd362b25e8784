# SPDX-License-Identifier: BSD-2-Clause
# memcached.csv to a table with tabs: medians of both, and the ratio of what was measured next to each other, its
# median and in parentheses the least and the most.
#     -v plain=1   in columns, for a terminal
#     -v one=MEASURE   the ratio alone of this one; -v one=MEASURE -v peer=NAME: that one's median
BEGIN {
    FS = ","
    say("qps", "plain traffic, requests a second")
    say("cpu_us_per_request", "plain traffic, processor time a request, µs")
    say("command_before_bytes", "resident before the bursts, MiB")
    say("command_peak_bytes", "2,000 stall within a command: resident then, MiB")
    say("command_after_bytes", "ten seconds after that, MiB")
    say("batch_peak_bytes", "2,000 stall behind 12 KB of commands: resident then, MiB")
    say("batch_after_bytes", "ten seconds after that, MiB")
    say("later_qps", "plain traffic after that, requests a second")
    say("later_cpu_us_per_request", "plain traffic after that, processor time a request, µs")
}

function say(measure, words) {
    order[++measures] = measure
    text[measure] = words
}

$1 == "memcached" {
    value[$5, $3, $4] = $6 + 0
    if ($4 + 0 > rounds[$5])
        rounds[$5] = $4 + 0
}
$1 == "context" { context[$5] = $6 }

# Sorts list, returns the middle; sets least and most.
function middle(list, n,   i, j, held) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
            held = list[j]; list[j] = list[j - 1]; list[j - 1] = held
        }
    least = list[1]
    most = list[n]
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function median(measure, peer,   i, list) {
    for (i = 1; i <= rounds[measure]; i++)
        list[i] = value[measure, peer, i]
    return middle(list, rounds[measure])
}

function ratio(measure,   i, n, list) {
    for (i = 1; i <= rounds[measure]; i++)
        if (value[measure, "stock", i] > 0)
            list[++n] = value[measure, "pond", i] / value[measure, "stock", i]
    return middle(list, n)
}

function shown(figure, measure,   digits, behind) {
    if (measure ~ /_bytes$/)
        return sprintf("%.1f", figure / 1048576)
    if (figure < 1000)
        return sprintf("%.1f", figure)
    digits = sprintf("%.0f", figure)
    while (digits ~ /^[0-9][0-9][0-9][0-9]/) {
        behind = "," substr(digits, length(digits) - 2) behind
        digits = substr(digits, 1, length(digits) - 3)
    }
    return digits behind
}

function line(a, b, c, d) {
    if (plain)
        printf "%-58s %10s %10s   %s\n", a, b, c, d
    else
        printf "%s\t%s\t%s\t%s\n", a, b, c, d
}

END {
    if (one != "") {
        print peer != "" ? shown(median(one, peer), one) : sprintf("%.2f", ratio(one))
        exit
    }
    line("", "stock", "pond", "pond / stock")
    for (i = 1; i <= measures; i++) {
        if (!(order[i] in rounds))
            continue
        if (context["quiet_seconds"] != "" && context["quiet_seconds"] != 10) # a short run
            sub(/^ten/, context["quiet_seconds"], text[order[i]])
        stock = shown(median(order[i], "stock"), order[i])
        pond = shown(median(order[i], "pond"), order[i])
        both = sprintf("%.2f", ratio(order[i]))
        line(text[order[i]], stock, pond, sprintf("%s (%.2f to %.2f)", both, least, most))
    }
    if (plain)
        printf "\nMedians of %d repetitions, of plain traffic of %d slices; in parentheses the least and the most.\n",
               rounds["batch_after_bytes"], rounds["qps"]
}
