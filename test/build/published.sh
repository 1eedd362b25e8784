#!/bin/sh
# The figures in the READMEs of the project, bench, bench/knee and bench/results are what bench/results gives, and
# what bench/publish makes of results is right; short runs are refused.
# shellcheck disable=SC2016 # Markdown has backticks
. test/build/lib.sh

# differs PROJECT: the files whose figures are not those of the results, if any.
differs()
{
    status=0
    bench/publish/run --check "$1" 2> "$scratch/complaints" || status=$?
    if [ $status -gt 1 ] || [ -s "$scratch/complaints" ]; then
        fail "bench/publish/run --check $1: $(cat "$scratch/complaints")"
    fi
}

# ---- what is committed ----

different=$(differs .)
[ -z "$different" ] || fail "figures are not those of bench/results; make bench-publish writes them: $different"
grep -ho 'bench/results/[a-z-]*\.[a-z]*' README.md | sed 's|.*/||' > "$scratch/shown"
grep -ho '(\./[a-z-]*\.[a-z]*)' bench/results/README.md | sed 's|.*/||; s/)//' >> "$scratch/shown"
grep -q '\.png$' "$scratch/shown" || fail "no picture of bench/results is shown"
sort -u "$scratch/shown" | while read -r file; do
    [ -s "bench/results/$file" ] || fail "bench/results has no $file, which is shown"
done
lines=$(cat bench/results/*.csv bench/results/*.md | wc -l)
[ "$lines" -lt 800 ] || fail "bench/results has $lines lines: medians and quartiles, not what each round measured"

# ---- results that are made up ----

project=$scratch/project build=$scratch/build bench=$scratch/build/bench
mkdir -p "$project/bench/results" "$project/bench/knee" "$bench"
for file in README.md bench/README.md bench/knee/README.md bench/results/README.md; do
    cp $file "$project/$file"
done

# refused WORDS: publishing fails with status 2, one line that has these words, and nothing changed.
refused()
{
    status=0
    bench/publish/run "$build" "$project" > "$scratch/said" 2>&1 || status=$?
    [ $status -eq 2 ] || fail "publishing ends with status $status instead of 2: $(cat "$scratch/said")"
    [ "$(wc -l < "$scratch/said")" -eq 1 ] || fail "not one sentence: $(cat "$scratch/said")"
    grep -q "$1" "$scratch/said" || fail "'$1' is expected, but it says: $(cat "$scratch/said")"
    cmp -s README.md "$project/README.md" || fail "what was refused changed README.md"
}

refused 'bench.csv is missing: run make bench first'

# Three rounds, each 5% slower than the one before: 2, 2.1 and 2.2 ns for pond inlined. In burst-lifo-8 the limit's lie
# 40% apart. In burst-lifo-64 pond called is slower than dpdk, but not told apart from it. Of cold-64B pond inlined and
# dpdk have no figures; of larson only dpdk's is there.
awk -v rounds=3 'function row(name, peer, threads, ns, step,    r) {
        for (r = 1; r <= rounds; r++) {
            head = "time," name "," peer "," r ","
            print head "threads," threads
            print head "wall_ns," ns * (1 + (r - 1) * (step ? step : 0.05)); print head "cpu_ns," ns
        }
    }
    function memory(when, peer, bytes) {
        head = "memory,64B-runs," peer ",1," when
        print head " live,1000"; print head " resident," bytes
    }
    BEGIN {
        print "part,row,peer,round,measure,value"
        print "context,,,0,date,2026-01-02T03:04Z"; print "context,,,0,machine,virtual machine"
        print "context,,,0,cores,2"; print "context,,,0,processor,A Processor"; print "context,,,0,quick,0"
        print "context,,,0,dpdk,DPDK 1.2; from time-dpdk"; print "context,,,0,stolen_share,0.1"
        row("pair-64B", "pond_inline", 1, 2); row("pair-64B", "pond_called", 1, 4); row("pair-64B", "limit", 1, 1)
        row("pair-64B", "dpdk", 1, 10); row("pair-64B", "glibc", 1, 20)
        row("handed-over", "pond_inline", 2, 2); row("handed-over", "pond_called", 2, 4)
        row("handed-over", "dpdk", 2, 1); row("handed-over", "glibc", 2, 50)
        row("handover-only", "dpdk", 2, 1); row("handover-only", "glibc", 2, 2)
        row("burst-lifo-8", "limit", 1, 1, 0.25); row("larson", "dpdk", 1, 1)
        row("burst-lifo-64", "pond_inline", 1, 2); row("burst-lifo-64", "pond_called", 1, 4)
        row("burst-lifo-64", "dpdk", 1, 3.9); row("burst-lifo-64", "glibc", 1, 1000)
        row("cold-64B", "pond_called", 1, 30); row("cold-64B", "glibc", 1, 40)
        row("reset-64B", "pond_called", 1, 12); row("reset-only", "pond_called", 1, 2)
        memory("two ticks later", "pond_called", 1100); memory("two ticks later", "glibc", 9000)
        memory("purge called", "pond_called", 1100); memory("purge called", "glibc", 1500)
        memory("all got", "pond_called", 1009); memory("all got", "glibc", 1000)
        print "instr,pair-64B,pond_inline,1,instructions,27.0"; print "instr,pair-64B,dpdk,1,instructions,45.0"
        print "instr,pair-64B,pond_called,1,instructions,35.0"
    }' > "$bench/bench.csv"
awk 'BEGIN {
    print "part,row,peer,round,measure,value"
    for (r = 1; r <= 5; r++) {
        print "server,respd,pond," r ",qps," 100000 + r; print "server,respd,glibc," r ",qps," 200000 + r
        print "server,respd,pond," r ",resident_after_two_ticks_bytes,1048576"
        print "server,respd,glibc," r ",resident_after_two_ticks_bytes,20971520"
        print "server,respd,pond," r ",p99_ms," r; print "server,respd,glibc," r ",p99_ms," r - 0.1
    } }' > "$bench/server.csv"
printf 'kind,what,value,low,high\npond,repetitions,9,,\npond,sizes,31,,\n' > "$bench/knee-found.csv"
printf '**pond.** A knee.\n\n**malloc.** No knee.\n\nIn parentheses: percentiles.\n' > "$bench/knee.md"
echo 'respd, pond: allocator: pond 0.0 on a libc, malloc in libc.so' > "$bench/server-context.txt"
awk 'BEGIN {
    print "kind,size,repetition,measure,value"
    for (r = 1; r <= 3; r++)
        for (size = 0; size <= 128; size += 64)
            print "pond," size "," r ",resident_per_live," size / 100 + r
    print "pond,64,1,requests_per_cpu_s,2500000"; print "freelist,96,1,resident_per_live,7"
}' > "$bench/knee.csv"
for file in time.png memory.png knee.png server-gzipd-resident.png server-respd-resident.png; do
    echo made up > "$bench/$file"
done
grep '^context' "$bench/bench.csv" | grep -v quick > "$bench/knee-machine.csv"
cp "$bench/knee-machine.csv" "$bench/server-machine.csv"

# ---- short runs are refused ----

sed -i 's/quick,0/quick,1/' "$bench/bench.csv"
refused 'the last make bench was a short run'
sed -i 's/quick,1/quick,0/' "$bench/bench.csv"
echo 'context,,,0,left_out,memory 4KiB-runs: go' >> "$bench/bench.csv"
refused 'the last make bench left out memory or instructions'
sed -i '/left_out/d' "$bench/bench.csv"
sed -i 's/sizes,31/sizes,7/' "$bench/knee-found.csv"
refused 'the last make knee was a short run, with 7 sizes'
sed -i 's/sizes,7/sizes,31/' "$bench/knee-found.csv"
mv "$bench/server.csv" "$scratch/server.csv"
grep -v ',5,[a-z0-9_]*,' "$scratch/server.csv" > "$bench/server.csv"
refused 'the last make bench-servers was a short run, with 4 rounds'
mv "$scratch/server.csv" "$bench/server.csv"

# ---- long ones are published ----

bench/publish/run "$build" "$project" > "$scratch/said" 2>&1 || fail "publishing fails: $(cat "$scratch/said")"
[ -z "$(differs "$project")" ] || fail "what was published is not what the results give"

# shows FILE LINE...: each is a line of it.
shows()
{
    file=$project/$1
    shift
    for line; do
        grep -qxF -e "$line" "$file" || fail "${file#"$project/"} does not have: $line"
    done
}

# says FILE WORDS...: in its text, however the lines are broken, are these words.
says()
{
    file=$project/$1
    shift
    for words; do
        tr -s ' \n' '  ' < "$file" | grep -qF -e "$words" || fail "${file#"$project/"} does not say: $words"
    done
}

shows README.md '| ns | pond, inlined | pond, called | best other | malloc |' \
    '| a pair of 64 bytes | **2.1** | 4.2 | 10.5 dpdk | 21.0 |' \
    '| 64 got, then put | **2.1** | 4.2 | 4.1 dpdk | 1,050 |' \
    '| got for the first time | - | **31.5** | 42.0 glibc | 42.0 |' \
    '| threads that end | - | - | 1.1 dpdk | - |' \
    '| one thread gets, another puts | 4.2 | 8.4 | **2.1** dpdk | 105 |' \
    'The machine was not calm: see [every row](bench/results/README.md).' \
    '| 64 bytes, neighbours put back | **1.10** | 1.50 glibc | 1.50 | 9.00 |' \
    '| respd, requests/s | 100,003 | **200,003** |' '| 99 of 100 within, ms | 3.00 | 2.90 |' \
    '| MiB two ticks later | **1.00** | 20.0 |' 'Nothing of `make demo` is published yet.'
says README.md '1. **Fast.** A get and its put take 4.2 ns, inlined 2.1 (35 and 27 instructions); with the fastest of the 2 ' \
    'dpdk, 10.5, with glibc' '2. **Memory goes back.** Two ticks after a burst respd, an echo server, has 1.0 MiB' \
    "fewer requests a second, 100,003 in place of glibc's 200,003"
shows bench/README.md '| `handed-over`, ns, inlined | 4.20 | dpdk, 2.10 | 2.00 |' \
    '| respd: requests a second | 100,003 | glibc, 200,003 | 2.00 |' \
    '| handed over between threads, inlined: at most the best peer'"'"'s time | 0 of 1 | missed: handed-over 2.00 |' \
    '| objects got for the first time, called: at most the best malloc'"'"'s time | 1 of 1 | - |' \
    '| a reset hook that sets a few fields: at most 1.6 times the called pair plus the hook | 0 of 1 | missed: reset-64B 2.00 |'
says bench/README.md 'worse one: `burst-lifo-64`, ns, called (1.03); respd: latency, 99 of 100, ms (1.03).'
! grep -q '^| `pair-64B`, ns' "$project/bench/README.md" || fail "pond is said to lose where it wins"
! grep -q '^| `64B-runs`, bytes a live byte, all got' "$project/bench/README.md" || fail "within 1% is said to be lost"
shows bench/knee/README.md '|  | 64 | 128 | own choice |' '| pond, resident for each live byte | 2.64 | 3.28 | 2.00 |' \
    '| pond, million requests for each second of CPU time | 2.50 | - | - |'
shows bench/results/README.md '| `dpdk` | DPDK 1.2, from time-dpdk |' '**pond.** A knee.' '**malloc.** No knee.' \
    '| respd: resident two ticks later, MiB | **1.00 (0%)** | 20.0 (0%) |' \
    '![A get and its put, all peers](./time.png)' \
    '| burst-lifo-64 | dpdk | 0.51 | 1.03? | - | - | 10% | 10% | 10% | - |'
says bench/results/README.md 'takes from 2.10 ns (dpdk) to 4.20 ns (glibc)' 'apart in 1 row, most in burst-lifo-8 (40%)' \
    "The machine's hypervisor stole 10% of the time while the times were taken: believe them little."

[ "$(grep -o '^time,burst-lifo-[0-9]*' "$project/bench/results/bench.csv" | tail -n 1)" = time,burst-lifo-8 ] ||
    fail "rows that pond does not have are not behind those it has: the order hangs on which peer came first"

# ---- memcached alone: not shortly, not without its tests ----

mkdir -p "$build/memcached"
cp "$bench/server-machine.csv" "$scratch/memcached.csv"
awk 'BEGIN {
    for (r = 1; r <= 25; r++) {
        print "memcached,memcached,stock," r ",qps,1000"; print "memcached,memcached,pond," r ",qps," 900 + 10 * (r % 3)
    }
    for (r = 1; r <= 5; r++) {
        print "memcached,memcached,stock," r ",batch_after_bytes,41943040"
        print "memcached,memcached,pond," r ",batch_after_bytes," 1048576 * (9 + r % 3)
    } }' >> "$scratch/memcached.csv"
echo made up > "$build/memcached/memcached-resident.png"
cp "$project/README.md" "$scratch/before"

# refused_memcached WORDS
refused_memcached()
{
    status=0
    bench/publish/run --memcached "$build" "$project" > "$scratch/said" 2>&1 || status=$?
    [ $status -eq 2 ] || fail "publishing memcached ends with status $status instead of 2: $(cat "$scratch/said")"
    grep -q "$1" "$scratch/said" || fail "'$1' is expected, but it says: $(cat "$scratch/said")"
    cmp -s "$scratch/before" "$project/README.md" || fail "what was refused changed README.md"
}

refused_memcached 'memcached.csv is missing: run make memcached first'
grep -v ',25,qps' "$scratch/memcached.csv" > "$build/memcached/memcached.csv"
refused_memcached 'the last make memcached was a short run, with 24 slices'
cp "$scratch/memcached.csv" "$build/memcached/memcached.csv"
refused_memcached "memcached's own tests have not passed in full"
echo 'context,,,0,testapp,56' >> "$build/memcached/memcached.csv"
bench/publish/run --memcached "$build" "$project" > "$scratch/said" 2>&1 ||
    fail "publishing memcached fails: $(cat "$scratch/said")"
[ -z "$(differs "$project")" ] || fail "what was published of memcached is not what the results give"
says README.md '3. **In memcached, too.**' 'it has 10.0 MiB resident in place of 40.0, at 0.91 times the requests a second: '
shows bench/results/README.md '| plain traffic, requests a second | **1,000** | 910 | 0.91 (0.90 to 0.92) |' \
    '| ten seconds after that, MiB | 40.0 | **10.0** | 0.25 (0.23 to 0.28) |'

# ---- what is not of the results is noticed ----

sed 's/| a pair of 64 bytes | \*\*2.1/&1/' "$project/README.md" > "$scratch/changed"
cp "$scratch/changed" "$project/README.md"
[ "$(differs "$project")" = README.md ] || fail "a figure that was changed by hand is not noticed"
