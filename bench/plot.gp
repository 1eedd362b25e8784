# SPDX-License-Identifier: BSD-2-Clause
# time.table, memory.table and purged.table to bars: a cluster for each row, a bar for each peer. From bench/plot:
# format.
terminal_of(height) = format eq 'svg' ? \
    sprintf("svg size 1100,%d font 'sans-serif,13' background 'white'", height) : \
    sprintf("pngcairo size 1100,%d font 'sans-serif,11' background 'white'", height)
# pond dark, the limit grey, peers in hues that are told apart without red and green (Okabe and Ito; Tol).
colours = '#08306b #2171b5 #6baed6 #e69f00 #d55e00 #cc79a7 #009e73 #f0e442 #882255 #44aa99 #999933 ' . \
          '#ddcc77 #aa4499 #bbbbbb'
colour_of(name) = name eq 'pond_inline' ? word(colours, 1) : name eq 'pond_called' ? word(colours, 2) : \
    name eq 'pond_shared' ? word(colours, 3) : name eq 'tcmalloc' ? word(colours, 4) : \
    name eq 'jemalloc' ? word(colours, 5) : name eq 'mimalloc' ? word(colours, 6) : \
    name eq 'glibc' ? word(colours, 7) : name eq 'gslice' ? word(colours, 8) : name eq 'tbb' ? word(colours, 9) : \
    name eq 'dpdk' ? word(colours, 10) : name eq 'mutex_list' ? word(colours, 11) : \
    name eq 'ck_list' ? word(colours, 12) : name eq 'go' ? word(colours, 13) : word(colours, 14)

set datafile separator tab
set datafile missing '?'
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.95 border rgb 'white'
set boxwidth 0.95
set logscale y
set yrange [0.5:*]
set grid ytics linetype 1 linewidth 1 linecolor rgb '#cccccc'
set border 3
set tics nomirror
set key outside right top noenhanced
set xtics noenhanced scale 0

columns_of(table) = int(system("head -n 1 " . table . " | awk -F'\t' '{ print NF }'"))
name_of(table, i) = system(sprintf("head -n 1 %s | cut -f %d", table, i))
most(tables) = real(system("awk -F'\t' 'FNR > 1 { for (i = 2; i <= NF; i++) if ($i + 0 > m) m = $i } " . \
                           "END { print m + 0 }' " . tables))

# A label in two lines, where one would meet its neighbour.
label(name) = (at = strstrt(name, '-8-threads')) ? substr(name, 1, at - 1) . "\n8 threads" : name

eval 'set terminal ' . terminal_of(520)
set title 'A get and its put, medians: less is better'
set ylabel 'ns (logarithmic)'
set output 'time.' . format
set bmargin 3.5
plot for [i = 2:columns_of('time.table')] 'time.table' using i:xticlabels(label(stringcolumn(1))) every ::1 \
    title name_of('time.table', i) linecolor rgb colour_of(name_of('time.table', i))

# Both with one scale: what is left when nobody does anything, and the best that can be asked for.
eval 'set terminal ' . terminal_of(880)
set output 'memory.' . format
unset logscale y
set format y '%g'
set yrange [0:most('memory.table purged.table') * 1.05]
unset bmargin
set ylabel 'resident bytes for each live byte'
set multiplot layout 2,1
do for [table in 'memory.table purged.table'] {
    set title table eq 'memory.table' ? '90% of the objects put back, two ticks later: less is better' : \
        'after what can be called to make a peer give memory back'
    plot for [i = 2:columns_of(table)] table using i:xticlabels(1) every ::1 \
        title name_of(table, i) linecolor rgb colour_of(name_of(table, i))
}
unset multiplot
