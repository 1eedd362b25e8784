# SPDX-License-Identifier: BSD-2-Clause
# bench.csv to what bench/time.awk (-v part=time) or bench/memory.awk (-v part=memory) reads.
BEGIN {
    FS = OFS = ","
    print part == "time" ? "peer,round,row,threads,pairs,wall_ns,cpu_ns" : "peer,case,when,live,resident"
}

$1 != part { next }
$5 == "threads" { threads = $6 }
$5 == "wall_ns" { wall = $6 }
$5 == "cpu_ns" { print $3, $4, $2, threads, "", wall, $6 }
$5 ~ / live$/ { live = $6 }
$5 ~ / resident$/ { when = $5; sub(/ resident$/, "", when); print $3, $2, when, live, $6 }
