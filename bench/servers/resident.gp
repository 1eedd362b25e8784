# SPDX-License-Identifier: BSD-2-Clause
# One panel per variant, below each other, with the same axes; the variant's own bursts are shaded.
# From plot: work, kind, output_file, server.
if (kind eq "svg") {
    set terminal svg size 900,640 font "sans-serif,13" background rgb "white"
} else {
    set terminal pngcairo size 900,640 font "sans-serif,10" background rgb "white"
}
set output output_file

names = "pond glibc jemalloc mimalloc"
colours = "#0072B2 #D55E00 #009E73 #CC79A7"
most = 0
last = 0
do for [i=1:4] {
    file = work . "/" . word(names, i)
    stats file using 1:2 nooutput
    if (STATS_records > 0) {
        if (STATS_max_y > most) { most = STATS_max_y }
        if (STATS_max_x > last) { last = STATS_max_x }
    }
}

set multiplot layout 4,1 title server . ": resident memory, MiB. Shaded: the bursts on that server" \
    margins 0.07,0.985,0.075,0.93 spacing 0,0.025
set xrange [0:last]
set yrange [0:most * 1.08]
step = most > 80 ? 40 : most > 40 ? 20 : 10
set ytics 0, step nomirror
set grid ytics lc rgb "#dddddd"
set border 3
set tics out nomirror
unset key
do for [i=1:4] {
    name = word(names, i)
    colour = word(colours, i)
    if (i == 4) {
        set xlabel "seconds" offset 0,0.5
        set format x "%g"
    } else {
        unset xlabel
        set format x ""
    }
    set label 1 name at graph 0.008, graph 0.87 front tc rgb colour font ",12"
    plot work . "/" . name . "-bursts" using (($1 + $2) / 2):(most * 1.08):(($2 - $1)) with boxes \
             fs solid 1 noborder lc rgb "#e8e8e8", \
         work . "/" . name using 1:2 with filledcurves y1=0 fs transparent solid 0.15 lc rgb colour, \
         work . "/" . name using 1:2 with lines lw 1.6 lc rgb colour
}
unset multiplot
