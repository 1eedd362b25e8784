# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The blocks of figures in README.md, bench/README.md and bench/results/README.md: a function each, which prints
# Markdown. Sourced by rewrite.
# shellcheck disable=SC2154,SC2317 # rewrite sets results, links, bench, here and work; it calls by name

# published FILE TARGET: whether a result is there; says else that it is not.
published()
{
    [ ! -f "$results/$1" ] || return 0
    echo "Nothing of \`make $2\` is published yet."
    return 1
}

# What several blocks read, each made once.
unpack()
{
    [ -f "$results/bench.csv" ] || return 0
    awk -v part=time -f "$here/unpack.awk" "$results/bench.csv" >"$work/time.csv"
    awk -v part=memory -f "$here/unpack.awk" "$results/bench.csv" >"$work/memory.csv"
    cores=$(context cores)
    times medians >"$work/medians"
    times ratios >"$work/ratios"
    for when in 'all got' '90% put back' 'two ticks later' 'purge called'; do
        awk -v table="$when" -f "$bench/memory.awk" "$work/memory.csv" >"$work/memory-${when// /-}"
    done
}

# context NAME [CSV]: what the csv says of the run.
context()
{
    awk -F, -v name="$1" '$1 == "context" && $5 == name { print $6; exit }' "$results/${2-bench.csv}"
}

times()
{
    awk -v cores="$cores" -v table="$1" -f "$bench/time.awk" "$work/time.csv"
}

rounds()
{
    awk -F, -v part="$1" '$1 == part && $4 + 0 > most { most = $4 + 0 } END { print most + 0 }' "$results/$2"
}

# machine [CSV]: of bench.csv in full, of another only what differs.
machine()
{
    local first=$results/bench.csv
    [ -f "$first" ] || first=
    # shellcheck disable=SC2086 # none when there is none
    awk -f "$here/machine.awk" ${first:+"$first"} ${1:+"$results/$1"} | fold_words
}

# Paragraphs in lines that a screen has room for.
fold_words()
{
    fold -s -w 118 | sed 's/ *$//'
}

# versions PEER...: of those that have one, by what they proved to be.
versions()
{
    local peer said all=
    for peer in "$@"; do
        said=$(context "$peer" | sed -E 's/(;| from ).*//; s/-[0-9]+-g[0-9a-f]+//')
        case $peer in
        mutex_list | limit*) ;;
        *) all+="${all:+, }$said" ;;
        esac
    done
    echo "$all"
}

# What makes the times doubtful, a paragraph; nothing on a calm machine.
doubts()
{
    {
        times doubts
        awk -f "$bench/disturbed.awk" "$results/bench.csv"
        awk -F, '$5 == "left_out" { print "Left out for want of time: " $6 "." }' "$results/bench.csv"
    } | sed 's/^? //; 1s/^/\n/' | fold_words
}

# picture NAME WORDS: the PNG, which leads to the SVG.
picture()
{
    [ ! -f "$results/$1.png" ] || printf '\n[![%s](%s/%s.png)](%s/%s.svg)\n' "$2" "$links" "$1" "$links" "$1"
}

markdown()
{
    awk -f "$here/markdown.awk"
}

# ---- README.md ----

block_time()
{
    local peers
    published bench.csv bench || return 0
    mapfile -t peers < <(awk -v words=0 -f "$here/time.awk" "$work/ratios" "$work/medians" |
        awk -v many=3 -f "$here/best.awk")
    fold_words <<<"\`make bench\`: ns for a get and its put, medians of $(rounds time bench.csv) rounds, less is \
better. Shown are the three peers that are fastest in these rows taken together, and glibc's malloc; \`limit\` is a \
thread-local array that never gives back. The last columns are pond's time as part of the best peer's in the row, of \
all that were measured; \`?\`: the rounds differ more than the two do."
    echo
    awk -v words=1 -v cores="$cores" -v peers="limit ${peers[*]}" -f "$here/time.awk" "$work/ratios" "$work/medians" |
        markdown
    echo
    {
        tell_instructions "${peers[@]}"
        tell_shared
    } | paste -sd' ' | fold_words
    doubts
    picture time 'A get and its put, all peers'
    echo
    machine
    echo "libpond.a, everything compiled with -O2. Peers: $(versions "${peers[@]}")." | fold_words
}

# What the way through the dynamic linker costs.
tell_shared()
{
    awk -F '\t' 'NR == 1 { for (i = 2; i <= NF; i++) if ($i == "pond_shared") shared = i }
        $1 == "pair-64B" && shared && $shared != "?" {
            printf "In libpond.so a pair takes %.1f ns: a server that can, links libpond.a.\n", $shared
        }' "$work/medians"
}

# tell_instructions PEER...
tell_instructions()
{
    awk -F, -v peers="pond_inline pond_called limit $*" '
        $1 == "instr" { count[$3] = $6 }
        END {
            n = split(peers, peer, " ")
            for (i = 1; i <= n; i++)
                if (peer[i] in count)
                    text = text sprintf("%s %s %.0f", text == "" ? "" : ",", peer[i], count[peer[i]])
            gsub(/pond_inline/, "pond inlined", text); gsub(/pond_called/, "pond called", text)
            if (text != "") print "Instructions of a pair, the loop included:" text "."
        }' "$results/bench.csv"
}

block_memory()
{
    local peers
    published bench.csv bench || return 0
    mapfile -t peers < <(awk -v many=3 -f "$here/best.awk" "$work/memory-purge-called")
    fold_words <<<"Resident bytes for each live byte, after 90% of the objects were put back (\`random\`: any, \
\`runs\`: 900 neighbours of each 1,000). pond: after two ticks. Peers: as left alone for as long / after what can be \
called to make them give memory back; the three that then keep least, and glibc."
    echo
    awk -v peers="${peers[*]}" -f "$here/memory.awk" "$work/memory-two-ticks-later" "$work/memory-purge-called" |
        markdown
    picture memory 'Resident bytes for each live byte, all peers'
}

block_demo()
{
    published demo.csv demo || return 0
    fold_words <<<"\`make demo\`: gzipd compresses each file it is asked for, medians of $(rounds demo demo.csv) \
rounds of $(context seconds demo.csv) s in turn."
    echo
    awk -v peers='pond malloc' -v rows='gzipd' -f "$here/servers.awk" "$results/demo.csv" | markdown
    echo
    machine demo.csv
    echo "How much of it shows depends on when glibc gives its heap back: see [examples/README.md](examples/README.md)."
}

# memcached_figure MEASURE [PEER]: the ratio, or what stock or pond has.
memcached_figure()
{
    awk -v one="$1" -v peer="${2-}" -f "$bench/../examples/memcached/table.awk" "$results/memcached.csv"
}

block_memcached()
{
    published memcached.csv memcached || return 0
    fold_words <<<"memcached with its pool on ponds passes its own tests, with all checks for misuse on, too. Ten \
seconds after 2,000 connections stalled it has $(memcached_figure batch_after_bytes pond) MiB resident in place of \
$(memcached_figure batch_after_bytes stock) ($(memcached_figure batch_after_bytes); when each stalled within its first \
command $(memcached_figure command_after_bytes)), at $(memcached_figure qps) times the requests a second: \
\`make memcached\` does it again ([how](examples/README.md#memcached), [figures](bench/results/README.md#memcached))."
}

# bench/results/README.md
block_memcached_rounds()
{
    published memcached.csv memcached || return 0
    fold_words <<<"memcached $(context version memcached.csv) of Debian with its own pool (stock) and with ponds, \
medians of $(rounds memcached memcached.csv) slices of plain traffic of $(context operations memcached.csv) requests, \
and of $(context repetitions memcached.csv) repetitions. The last column is the median of the ratios of what was \
measured next to each other; in parentheses the least and the most of them."
    echo
    awk -f "$bench/../examples/memcached/table.awk" "$results/memcached.csv" | markdown
    picture memcached-resident 'Resident memory of memcached over time, with its own pool and with ponds'
    echo
    machine memcached.csv
}

block_knee()
{
    published knee.md knee || return 0
    sed -n '/^\*\*pond\.\*\*/p' "$results/knee.md" | fold_words
    echo
    sed -n '/^In parentheses/p' "$results/knee.md"
    picture knee 'Requests a second and fragmentation over the pool size'
    echo
    machine knee-machine.csv
}

# bench/knee/README.md
block_knee_cost()
{
    published knee.csv knee || return 0
    awk -f "$here/knee.awk" "$results/knee.csv" | markdown
    echo
    machine knee-machine.csv
}

block_servers()
{
    published server.csv bench-servers || return 0
    fold_words <<<"\`make bench-servers\`: medians of $(server_rounds), each a burst of many clients, a pause of two \
ticks, and calm. The last column is the best of the four."
    echo
    awk -v best=1 -f "$here/servers.awk" "$results/server.csv" | markdown
    picture server-gzipd-resident 'Resident memory of gzipd over time, on four allocators'
    picture server-respd-resident 'Resident memory of respd over time, on four allocators'
    echo
    machine server-machine.csv
    server_versions
}

# Each server is loaded for as long, in as many rounds as it takes.
server_rounds()
{
    awk -F, '$1 == "server" && $4 + 0 > most[$2] { most[$2] = $4 + 0 }
        END { for (s in most) print most[s] " rounds of " s }' "$results/server.csv" | sort -k4 | paste -sd, |
        sed 's/,/, /g'
}

# What each server says it runs on.
server_versions()
{
    sed -nE 's/^respd, [a-z]+: allocator: ([^,]*).*/\1/p' "$results/server-context.txt" |
        sed -E 's/-[0-9]+-g[0-9a-f]+//' | paste -sd, | sed 's/,/, /g; s/.*/On: &./'
}

# ---- bench/results/README.md: everything ----

block_context()
{
    published bench.csv bench || return 0
    machine
    echo
    awk -F, 'BEGIN { print "peer\twhat it proved to be" }
        NR == FNR { peer[$3]; next }
        $1 == "context" && $5 in peer { gsub(/;/, ",", $6); print "`" $5 "`\t" $6 }' \
        "$results/bench.csv" "$results/bench.csv" | markdown | sed 's/---:|$/---|/'
}

block_times()
{
    published bench.csv bench || return 0
    echo "ns for a get and its put, medians of $(rounds time bench.csv) rounds:"
    echo
    sed '1s/^row//' "$work/medians" | rounded | markdown
    echo
    fold_words <<<"pond beside the best peer and the limit, the called one beside \`limit_called\`; how far the rounds \
lie apart (most less least, of the median):"
    echo
    {
        printf '\tbest peer\tinlined, of best\tcalled, of best\tinlined, times limit\tcalled, times limit\t'
        printf 'rounds: inlined\tcalled\tbest\tlimit\n'
        cat "$work/ratios"
    } | markdown
    doubts
    picture time 'A get and its put, all peers'
}

# Figures with two digits behind the point.
rounded()
{
    awk -F '\t' -v OFS='\t' '
        NR > 1 { for (i = 2; i <= NF; i++) if ($i != "?") $i = sprintf($i < 100 ? "%.2f" : "%.0f", $i) }
        { print }'
}

block_instructions()
{
    published bench.csv bench || return 0
    {
        printf 'peer\tinstructions of a pair\n'
        awk -F, '$1 == "instr" { print "`" $3 "`\t" $6 }' "$results/bench.csv" | sort -t $'\t' -k2n
    } | markdown
}

block_memories()
{
    local when
    published bench.csv bench || return 0
    for when in 'all got' '90% put back' 'two ticks later' 'purge called'; do
        echo "Resident bytes for each live byte, $when:"
        echo
        sed '1s/^case//' "$work/memory-${when// /-}" | rounded | markdown
        echo
    done | sed '$d'
    picture memory 'Resident bytes for each live byte, all peers'
}

block_server_rounds()
{
    published server.csv bench-servers || return 0
    echo "Medians of $(server_rounds), and how far the rounds lie apart:"
    echo
    awk -v apart=1 -f "$here/servers.awk" "$results/server.csv" | markdown
    picture server-gzipd-resident 'Resident memory of gzipd over time, on four allocators'
    picture server-respd-resident 'Resident memory of respd over time, on four allocators'
    echo
    machine server-machine.csv
    server_versions
}

block_knees()
{
    published knee.md knee || return 0
    fold_words <"$results/knee.md"
    picture knee 'Requests a second and fragmentation over the pool size'
    echo
    machine knee-machine.csv
}

# ---- bench/README.md ----

block_aims()
{
    published bench.csv bench || return 0
    times aims >"$work/aims"
    awk -F '\t' '{ all++; holds += $3 == "holds" } END { printf "%d of %d hold in these results.", holds, all }' \
        "$work/aims"
    if ! grep -q 'MISSED$' "$work/aims"; then
        echo
        return
    fi
    printf ' Missed:\n\n'
    {
        printf 'aim\tmeasured\n'
        sed -n 's/\tMISSED$//p' "$work/aims"
    } | markdown
}

block_loses()
{
    published bench.csv bench || return 0
    {
        printf 'figure\tpond\tbest peer\ttimes as much\n'
        awk -f "$here/loses.awk" "$work/ratios" "$work/medians"
        awk -F, -f "$here/loses_instructions.awk" "$results/bench.csv"
        awk -f "$here/loses_memory.awk" "$work"/memory-all-got "$work"/memory-90%-put-back \
            "$work"/memory-two-ticks-later "$work"/memory-purge-called
        [ ! -f "$results/server.csv" ] || awk -v loses=1 -f "$here/servers.awk" "$results/server.csv"
    } >"$work/loses"
    tell_loses
}

tell_loses()
{
    if [ "$(wc -l <"$work/loses")" -le 1 ]; then
        echo "In no row of these results."
        return
    fi
    fold_words <<<"All rows of these results in which pond needs more than the best peer, \`?\` where the rounds \
differ more than the two do, or are too few to tell. For requests per second \"times as much\" is the best peer's by pond's."
    echo
    markdown <"$work/loses"
}
