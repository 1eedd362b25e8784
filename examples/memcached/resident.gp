# SPDX-License-Identifier: BSD-2-Clause
# A panel for each of the two bursts with both variants in it, a line for each repetition, from a little before the
# burst until all is quiet. From plot: kind, stalled, quiet (seconds), connections, repetitions.
if (kind eq "svg") {
    set terminal svg size 900,400 font "sans-serif,13" background rgb "white"
} else {
    set terminal pngcairo size 900,400 font "sans-serif,10" background rgb "white"
}
set output "memcached-resident." . kind
first = -3
last = stalled + quiet
top = 0
do for [file in "plotted-command-stock plotted-command-pond plotted-batch-stock plotted-batch-pond"] {
    stats file using 1:2 nooutput
    top = STATS_max_y > top ? STATS_max_y : top
}
top = top * 1.1
set multiplot layout 1,2 title "memcached: resident memory, MiB, while " . connections . \
    " connections stall (shaded) and after; " . repetitions . " repetitions" \
    margins 0.05,0.985,0.12,0.82 spacing 0.05,0
set xrange [first:last]
set yrange [0:top]
set xlabel "seconds since the burst began" offset 0,0.5
set border 3
set tics out nomirror
set grid ytics lc rgb "#dddddd"
set key top right reverse Left
set object 1 rectangle from 0, 0 to stalled, top behind fs solid noborder fc rgb "#e8e8e8"
do for [burst in "command batch"] {
    if (burst eq "batch") { unset key }
    set title burst eq "command" ? "each within its first command" : "then, each behind 12 KB of commands"
    plot "plotted-" . burst . "-stock" using 1:2 with lines lw 1.4 lc rgb "#D55E00" title "as it is", \
         "plotted-" . burst . "-pond" using 1:2 with lines lw 1.4 lc rgb "#0072B2" title "on ponds"
}
unset multiplot
