# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of figures in README.md; every.py has those of the other files.

A method that is named block_NAME makes the Markdown between <!-- bench: begin NAME --> and its end.
"""
import os
import textwrap

import judge
from figures import Results
from words import commits, fold, quick, row_of, short_place, short_version, shown, table, three

# Which make leaves which file of results.
TARGETS = {"bench": "bench", "knee": "knee", "servers": "bench-servers", "demo": "demo",
           "memcached": "memcached"}

# The rows of the table of times.
TIMES = {
    "pair-64B": "a pair of 64 bytes",
    "pair-64B-8-threads": "the same, 8 threads on {cores} cores",
    "burst-lifo-64": "64 got, then put",
    "burst-fifo-4096": "4,096 got, the first put first",
    "replace-1024": "1,024 live, one replaced at random",
    "constructed": "64 of 1 KiB, costly to construct",
    "cold-64B": "got for the first time",
    "larson": "threads that end",
    "handed-over": "one thread gets, another puts",
}


def needs(name):
    """Of a block that is made of a file of results: says so when there is none."""
    def decorate(make):
        def made(self):
            return make(self) if getattr(self, name) else \
                f"Nothing of `make {TARGETS[name]}` is published yet."
        return made
    return decorate


def best_rival(cells):
    return judge.best_of({peer: cell for peer, cell in cells.items() if judge.is_rival(peer)})


class Blocks:
    """What the directory results gives; links is the way there from the file."""

    def __init__(self, results, links):
        self.directory, self.links = results, links
        for name in TARGETS:
            path = os.path.join(results, name + ".csv")
            setattr(self, name, Results.read(path) if os.path.exists(path) else None)

    def make(self, name):
        """The block, or None when nothing makes it."""
        method = getattr(self, "block_" + name.replace("-", "_"), None)
        return method() if method else None

    # ---- claims: a list that goes on behind the block ----

    @needs("bench")
    def block_claims(self):
        claims = filter(None, [self.claim_time(), self.claim_memory(), self.claim_memcached()])
        return "\n".join(textwrap.indent(fold(f"{i}. {claim}"), "   ")[3:] for i, claim in
                         enumerate(claims, 1))

    def claim_time(self):
        cells = self.bench.cells("time", "pair-64B", "ns")
        counts = self.bench.cells("instr", "pair-64B", "instructions")
        if not {"pond_called", "pond_inline", "glibc"} <= cells.keys():
            return None
        ns = {peer: three(cell.median, 1) for peer, cell in cells.items()}
        best, others = best_rival(cells), sum(judge.is_rival(peer) for peer in self.bench.peers("time"))
        counted = ""
        if {"pond_called", "pond_inline"} <= counts.keys():
            counted = f" ({counts['pond_called'].median:.0f} and {counts['pond_inline'].median:.0f} " \
                      "instructions)"
        return f"**Fast.** A get and its put take {ns['pond_called']} ns, inlined {ns['pond_inline']}" \
               f"{counted}; with the fastest of the {others} other allocators and pools measured, {best}, " \
               f"{ns[best]}, with glibc's malloc {ns['glibc']}: `make bench`."

    def claim_memory(self):
        left = self.servers.cells("server", "respd", "resident_after_two_ticks_bytes") if self.servers else {}
        rates = self.servers.cells("server", "respd", "qps") if self.servers else {}
        if "pond" not in left or "pond" not in rates:
            return None
        mib = {peer: cell.median / (1 << 20) for peer, cell in left.items()}
        said = {peer: f"{value:.1f}" if value < 10 else f"{value:.0f}" for peer, value in mib.items()}
        others = ", ".join(f"on glibc's malloc {said[peer]}" if peer == "glibc" else f"{peer} {said[peer]}"
                           for peer in said if peer != "pond")
        best = judge.best_of({peer: cell for peer, cell in rates.items() if peer != "pond"}, more=True)
        speed = "as many requests a second"
        if best and judge.told_apart(rates["pond"], rates[best]):
            more = "more" if rates["pond"].median > rates[best].median else "fewer"
            speed = f"{more} requests a second, {shown(rates['pond'], 'qps')} in place of {best}'s " \
                    f"{shown(rates[best], 'qps')}"
        return f"**Memory goes back.** Two ticks after a burst respd, an echo server, has {said['pond']} " \
               "MiB " \
               f"resident; {others}. It answers {speed}: `make bench-servers`."

    def claim_memcached(self):
        run = self.memcached
        left = run.cells("memcached", "memcached", "batch_after_bytes") if run else {}
        rate = run.cells("memcached", "memcached", "qps").get("pond / stock") if run else None
        if not {"stock", "pond"} <= left.keys() or not rate:
            return None
        tie = " (the rounds do not tell them apart)" if judge.has_one(rate) else ""
        seconds = run.get("quiet_seconds") or "10"
        return "**In memcached, too.** With its pool on ponds it passes its own tests; " \
               f"{'ten' if seconds == '10' else seconds} seconds after 2,000 connections stalled it has " \
               f"{shown(left['pond'], '_bytes')} MiB resident in place of " \
               f"{shown(left['stock'], '_bytes')}, " \
               f"at {rate.median:.2f} times the requests a second{tie}: `make memcached`."

    # ---- tables ----

    @needs("demo")
    def block_demo(self):
        rates = self.demo.cells("demo", "gzipd", "qps")
        faults = self.demo.cells("demo", "gzipd", "page_faults")
        text = "`make demo`: gzipd compresses each file it is asked for and serves " \
               f"{shown(rates['pond'], 'qps')} requests a second in place of " \
               f"{shown(rates['malloc'], 'qps')} " \
               f"with malloc ({rates['pond'].median / rates['malloc'].median:.2f})"
        if {"pond", "malloc"} <= faults.keys():
            text += f", with {shown(faults['pond'], 'page_faults')} page faults in place of " \
                    f"{shown(faults['malloc'], 'page_faults')}"
        return fold(text + ". How much of it shows depends on when glibc gives its heap back "
                    "([examples/README.md](examples/README.md#gzipd)).")

    @needs("bench")
    def block_time(self):
        cores = self.bench.get("cores") or 2
        rows = [self.time_row(row, words.format(cores=cores)) for row, words in TIMES.items()
                if self.bench.cells("time", row, "ns")]
        text = table(["ns", "pond, inlined", "pond, called", "best other", "malloc"], rows)
        if list(judge.doubts(self.bench)):
            text += f"\n\nThe machine was not calm: see [every row]({self.links}/README.md)."
        return text

    def time_row(self, row, words):
        cells = self.bench.cells("time", row, "ns")
        best = best_rival(cells)
        columns = ["pond_inline", "pond_called", best, "glibc"]
        wins = judge.winners({peer: cells[peer] for peer in columns if peer in cells})
        made = row_of(cells, columns, lambda cell: three(cell.median, 1), wins)
        if best:
            made[2] += " " + best
        return [words, *made]

    @needs("bench")
    def block_memory(self):
        return table(["", "pond", "best other, asked", "malloc, asked", "malloc"],
                     [self.memory_row(row) for row in self.bench.rows("memory")])

    def memory_row(self, row):
        later = self.bench.cells("memory", row, "two ticks later")
        purged = self.bench.cells("memory", row, "purge called")
        best = best_rival(purged)
        cells = {"pond": later.get("pond_called"), "best": purged.get(best), "asked": purged.get("glibc"),
                 "glibc": later.get("glibc")}
        cells = {name: cell for name, cell in cells.items() if cell}
        made = row_of(cells, ["pond", "best", "asked", "glibc"], lambda cell: three(cell.median, 2),
                      judge.winners(cells, exact=True))
        if best:
            made[1] += " " + best
        size, which = row.rsplit("-", 1)
        size = size.replace("KiB", " KiB") if "KiB" in size else size.replace("B", " bytes")
        return [f"{size}, {'any' if which == 'random' else 'neighbours'} put back", *made]

    @needs("servers")
    def block_servers(self):
        said = {"qps": "requests/s", "large_qps": "large answers/s", "p99_ms": "99 of 100 within, ms",
                "cpu_us_per_request": "processor, µs a request", "resident_peak_bytes": "MiB at the peak",
                "resident_after_two_ticks_bytes": "MiB two ticks later"}
        return self.server_table(said, shown, ", ", once=True)

    def server_table(self, said, text, between, once=False):
        """once: the server's name in its first row alone."""
        peers, rows = self.servers.peers("server"), []
        for server in self.servers.rows("server"):
            name = server + between
            for measure, words in said.items():
                cells = self.servers.cells("server", server, measure)
                if cells:
                    wins = judge.winners(cells, judge.is_rate(measure))
                    made = row_of(cells, peers, lambda cell, m=measure: text(cell, m), wins)
                    rows.append([name + words, *made])
                    name = "" if once else name
        return table(["", *peers], rows)

    # ---- where ----

    @needs("bench")
    def block_machine(self):
        """Of all runs."""
        runs = [(words, run) for words, run in (("times, memory", self.bench), ("servers", self.servers),
                                                ("demo", self.demo), ("memcached", self.memcached)) if run]
        here = short_place(self.bench)
        elsewhere = "".join(f"; {words} on {short_place(run)}" for words, run in runs
                            if short_place(run) != here)
        named = {best_rival(self.bench.cells("time", row, "ns")) for row in TIMES}
        named |= {best_rival(self.bench.cells("memory", row, "purge called"))
                  for row in self.bench.rows("memory")}
        named |= set(self.servers.peers("server") if self.servers else ())
        versions = [short_version(self.bench.get(peer)) for peer in self.bench.peers("time") if peer in named]
        return fold(f"Measured on {commits(runs)}, on {here}{elsewhere}; libpond.a, all compiled with -O2. "
                    f"Rounds: {self.rounds()}. Peers: {', '.join(filter(None, versions))}."
                    + quick(self.bench))

    def rounds(self):
        said = [f"{self.bench.get('rounds') or 1} of the times"]
        for run, part in ((self.servers, "server"), (self.demo, "demo"), (self.memcached, "memcached")):
            said += [f"{run.get(f'rounds of {row}')} of {'the demo' if part == 'demo' else row}"
                     for row in (run.rows(part) if run else [])]
        return ", ".join(said)
