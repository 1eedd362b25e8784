# SPDX-License-Identifier: BSD-2-Clause
"""What make bench, make bench-servers and make memcached print at their end, and what plots are drawn of."""
import figures
import judge
from words import RATIO_HEAD, memcached_rows, ratio_rows, with_spread

TABS = ("time", "memory", "purged")
# The rows that are drawn.
DRAWN = ["pair-64B", "pair-64B-8-threads", "burst-lifo-64", "burst-fifo-4096", "replace-1024", "cold-64B",
         "larson", "handed-over"]


def aligned(head, rows):
    lines = [head, *([cell or "-" for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] + [
        cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]) for line in lines)


def all_cells(bench, part, names, digits):
    """A head and a line for each of the keys that are named, a column for each peer."""
    peers, rows = bench.peers(part), []
    for key, name in names.items():
        cells = bench.tables[part][key]
        rows.append([name, *(f"{cells[peer].median:.{digits}f}" if peer in cells else "" for peer in peers)])
    return ["", *peers], rows


def show_times(bench):
    print(f"\nns for a get and put pair, medians of {bench.get('rounds') or 1} rounds\n")
    print(aligned(*all_cells(bench, "time", {(row, "ns"): row for row in bench.rows("time")}, 2)))
    print("\npond beside the best peer and the limit, the called one beside limit_called; how far the "
          "rounds lie apart\n"
          "(most less least, of the median); ?: the rounds do not tell the two apart\n")
    print(aligned(["", *RATIO_HEAD], ratio_rows(bench)))


def show_memory(bench):
    print("\nresident bytes for each live byte\n")
    print(aligned(*all_cells(bench, "memory", {key: ", ".join(key) for key in bench.tables["memory"]}, 3)))


def show_instructions(bench):
    print("\ninstructions for a get and put pair of 64 bytes\n")
    counts = bench.cells("instr", "pair-64B", "instructions")
    print(aligned(["", "instructions"], [[peer, f"{counts[peer].median:.1f}"] for peer in
                                         sorted(counts, key=lambda peer: counts[peer].median)]))


def show_servers(run):
    print("\nservers, medians of the rounds and how far these lie apart (most less least)\n")
    peers, rows = run.peers("server"), []
    for server, measure in run.tables["server"]:
        cells = run.cells("server", server, measure)
        rows.append([f"{server}: {judge.SERVER_MEASURES.get(measure, measure)}", *(
            with_spread(cells[peer], measure) if peer in cells else "" for peer in peers)])
    print(aligned(["", *peers], rows))


def show_memcached(run):
    print(f"\nmedians of {run.get('repetitions')} repetitions, of plain traffic of "
          f"{run.get('rounds of memcached')} slices; in parentheses the least and the most\n")
    print(aligned(["", "stock", "pond", "pond / stock"],
                  [[cell.strip("*") for cell in row] for row in memcached_rows(run)]))


def show_aims(bench):
    print("\naims\n")
    for words, verdicts in judge.aims(bench, None):
        missed = ", ".join(f"{verdict.row} {verdict.measured}" for verdict in verdicts if not verdict.holds)
        if verdicts:
            print(f"  {words}: {'MISSED in ' + missed if missed else 'holds'}")
    print()
    for words in judge.doubts(bench):
        print(words)


SHOWS = {"time": show_times, "memory": show_memory, "instr": show_instructions, "server": show_servers,
         "memcached": show_memcached}


def everything(path):
    """The parts that the csv has."""
    run = figures.reduce_run(path, list(SHOWS))
    for part, shows in SHOWS.items():
        if run.tables[part]:
            shows(run)
    if run.tables["time"]:
        show_aims(run)
    return 0


def tabs(what, path):
    """A table for gnuplot: what was not measured is a question mark."""
    bench = figures.reduce_run(path, ["time", "memory"])
    if what == "time":
        lines = [(row, bench.cells("time", row, "ns")) for row in DRAWN if bench.cells("time", row, "ns")]
        peers = [peer for peer in bench.peers("time") if peer != "limit_called"]
    else:
        when = "two ticks later" if what == "memory" else "purge called"
        lines = [(row, bench.cells("memory", row, when)) for row in bench.rows("memory")]
        peers = bench.peers("memory")
    print("\t".join(["row", *peers]))
    for row, cells in lines:
        made = [figures.number(cells[peer].median) if peer in cells else "?" for peer in peers]
        print("\t".join([row, *made]))
    return 0
