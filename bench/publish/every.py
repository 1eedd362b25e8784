# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of figures in bench/README.md, bench/knee/README.md and bench/results/README.md."""
import os

import judge
from blocks import Blocks, needs
from words import (RATIO_HEAD, RULE, fold, lost, memcached_rows, place, quick, ratio_rows, row_of,
                   short_version, shown, table, two, when, where, with_spread)

KINDS = {"freelist": "list, newest first", "fifo": "list, oldest first", "pond": "pond", "malloc": "jemalloc"}
KNEE_MEASURES = {"constructions_per_s": ("million constructions a second", 1e-6),
                 "requests_per_cpu_s": ("million requests for each second of CPU time", 1e-6),
                 "resident_per_live": ("resident for each live byte", 1)}


class Every(Blocks):
    """All blocks, of whichever file."""

    def picture(self, name, words):
        there = os.path.exists(os.path.join(self.directory, name + ".png"))
        return f"\n\n![{words}]({self.links}/{name}.png)" if there else ""

    def machine(self, run):
        """When and where; of another run than make bench's, only what differs from it."""
        if run is not self.bench and self.bench and where(run) == where(self.bench):
            return fold(f"Measured on {when(run)}, on the machine of the times." + quick(run))
        return fold(f"Measured on {when(run)}, on {place(run)}." + quick(run))

    # ---- bench/README.md ----

    @needs("bench")
    def block_aims(self):
        rows, all_of, hold = [], 0, 0
        for words, verdicts in judge.aims(self.bench, self.servers):
            held = sum(verdict.holds for verdict in verdicts)
            all_of, hold = all_of + len(verdicts), hold + held
            missed = ", ".join(f"{verdict.row} "
                               f"{verdict.measured}" for verdict in verdicts if not verdict.holds)
            rows.append([words, f"{held} of {len(verdicts)}" if verdicts else "not measured",
                         f"missed: {missed}" if missed else ""])
        return fold(f"{hold} of {all_of} figures hold in these results; `?`: the rounds do not tell pond and "
                    "the peer apart.") + "\n\n" + \
            table(["aim", "holds in", "where it does not"], rows, (0, 2))

    @needs("bench")
    def block_loses(self):
        found = judge.losses(self.bench, self.servers, self.memcached)
        text = "In no row of these results."
        if any(loss.sure for loss in found):
            text = fold("All rows of these results in which pond needs more than the best peer, and the "
                        "rounds "
                        "tell the two apart (their middle halves do not overlap; of memory, which is "
                        "measured "
                        "once, by 1% or more). For requests per second \"times as much\" is the best "
                        "peer's by "
                        "pond's.") + "\n\n"
            text += table(["figure", "pond", "best peer", "times as much"],
                          [[loss.what, lost(loss.pond, loss.measure),
                            f"{loss.best}, {lost(loss.theirs, loss.measure)}", f"{loss.times:.2f}"]
                           for loss in found if loss.sure])
        ties = [f"{loss.what} ({loss.times:.2f})" for loss in found if not loss.sure]
        if ties:
            text += "\n\n" + fold(f"Ties in which pond's median is the worse one: {'; '.join(ties)}.")
        return text

    # ---- bench/knee/README.md ----

    @needs("knee")
    def block_knee_cost(self):
        sizes = sorted((size for size in self.knee.peers("knee") if size.isdigit()), key=int) + ["own choice"]
        rows = []
        for measure, (words, unit) in KNEE_MEASURES.items():
            for kind, name in KINDS.items():
                cells = self.knee.cells("knee", kind, measure)
                if cells:
                    made = row_of(cells, sizes, lambda cell, u=unit: f"{cell.median * u:.2f}", ())
                    rows.append([f"{name}, {words}", *made])
        return table(["", *sizes], rows) + "\n\n" + self.machine(self.knee)

    # ---- bench/results/README.md ----

    @needs("bench")
    def block_context(self):
        rows = [[f"`{peer}`", self.bench.get(peer).replace(";", ",")] for peer in self.bench.peers("time")
                if self.bench.get(peer)]
        return self.machine(self.bench) + "\n\n" + table(["peer", "what it proved to be"], rows, (0, 1))

    @needs("bench")
    def block_times(self):
        peers, rows = self.bench.peers("time"), []
        for row in self.bench.rows("time"):
            cells = self.bench.cells("time", row, "ns")
            pools = {peer: cell for peer, cell in cells.items() if not peer.startswith("limit")}
            wins = () if row.endswith("-only") else judge.winners(pools)
            rows.append([row, *row_of(cells, peers, two, wins)])
        text = fold(f"ns for a get and its put, medians of {self.bench.get('rounds') or 1} rounds. {RULE} "
                    "The "
                    "limits do not take part.") + "\n\n" + table(["", *peers], rows) + "\n\n"
        text += fold("pond beside the best peer and the limit, the called one beside `limit_called`; how far "
                     "the rounds lie apart (most less least, of the median). `?`: the rounds do not tell "
                     "the two "
                     "apart.") + "\n\n" + table(["", *RATIO_HEAD], ratio_rows(self.bench), (0, 1))
        said = list(judge.doubts(self.bench))
        said += [f"Left out for want of time: "
                 f"{what}." for name, what in self.bench.context if name == "left_out"]
        text += "".join("\n\n" + fold(words) for words in said)
        return text + self.picture("time", "A get and its put, all peers")

    @needs("bench")
    def block_instructions(self):
        cells = self.bench.cells("instr", "pair-64B", "instructions")
        return table(["peer", "instructions of a pair"],
                     [[f"`{peer}`", f"{cells[peer].median:.1f}"] for peer in
                      sorted(cells, key=lambda peer: cells[peer].median)])

    @needs("bench")
    def block_memories(self):
        text, peers = "Each was measured once; bold is the least, with what is within 1% of it.", \
            self.bench.peers("memory")
        for at in judge.WHENS:
            rows = []
            for row in self.bench.rows("memory"):
                cells = self.bench.cells("memory", row, at)
                rows.append([row, *row_of(cells, peers, two, judge.winners(cells, exact=True))])
            text += f"\n\nResident bytes for each live byte, {at}:\n\n" + table(["", *peers], rows)
        return text + self.picture("memory", "Resident bytes for each live byte, all peers")

    @needs("demo")
    def block_demo_rounds(self):
        rows = []
        for measure, words in judge.SERVER_MEASURES.items():
            cells = self.demo.cells("demo", "gzipd", measure)
            if cells:
                wins = judge.winners(cells, judge.is_rate(measure), exact=True)
                part = judge.ratio(cells.get("pond"), cells.get("malloc"))
                rows.append([words, *row_of(cells, ["pond", "malloc"], lambda cell, m=measure: shown(cell, m),
                                            wins),
                             f"{part.value:.{2 if part.value >= 0.005 else 4}f}" if part else ""])
        return fold(f"gzipd compresses each file it is asked for: medians of "
                    f"{self.demo.get('rounds of gzipd')} rounds of {self.demo.get('seconds')} s in turn. "
                    f"{RULE}") \
            + "\n\n" + table(["", "pond", "malloc", "pond / malloc"], rows) + "\n\n" + self.machine(self.demo)

    @needs("servers")
    def block_server_rounds(self):
        run = self.servers
        rounds = ", ".join(f"{run.get(f'rounds of {server}')} rounds of {server}" for server in
                           run.rows("server"))
        versions = ", ".join(short_version(run.get(peer)) for peer in run.peers("server") if run.get(peer))
        text = fold(f"Medians of {rounds}, and how far the rounds lie apart (most less least, of the "
                    "median). "
                    + RULE) + "\n\n" + self.server_table(judge.SERVER_MEASURES, with_spread, ": ")
        for server in run.rows("server"):
            text += self.picture(f"server-{server}-resident",
                                 f"Resident memory of {server} over time, on four allocators")
        return text + "\n\n" + self.machine(run) + (f"\nOn: {versions}." if versions else "")

    @needs("memcached")
    def block_memcached_rounds(self):
        run = self.memcached
        return fold(f"memcached {run.get('version')} of Debian with its own pool (stock) and with ponds, "
                    "medians "
                    f"of {run.get('rounds of memcached')} slices of plain traffic of {run.get('operations')} "
                    f"requests, and of {run.get('repetitions')} repetitions. The last column is the "
                    "median of the "
                    "ratios of what was measured next to each other; in parentheses the least and the "
                    "most of "
                    "them. Bold is the better one, none where the middle half of the ratios has 1 in it.") \
            + "\n\n" + table(["", "stock", "pond", "pond / stock"], memcached_rows(run)) + self.picture(
                "memcached-resident", "Resident memory of memcached over time, with its own pool and with "
                                      "ponds") \
            + "\n\n" + self.machine(run)

    @needs("knee")
    def block_knees(self):
        with open(os.path.join(self.directory, "knee.md"), encoding="utf-8") as file:
            said = [fold(line) for line in file.read().splitlines() if line]
        return "\n\n".join(said) + self.picture(
            "knee", "Requests a second and fragmentation over the pool "
                    "size") + "\n\n" + self.machine(self.knee)
