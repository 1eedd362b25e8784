# SPDX-License-Identifier: BSD-2-Clause
"""What figures say: which are told apart, who is best, what makes them doubtful, which aims hold, what pond
loses."""
import re
from typing import NamedTuple

NEAR = 0.01             # of what was measured once: nearer than this is the same
HANDOVER_APART = 0.15   # handover-only is the same code everywhere: more between programs is the machine
LIMIT_APART = 0.20      # so are the rounds of limit, which does next to nothing
WHENS = ["all got", "90% put back", "two ticks later", "purge called"]


def told_apart(a, b, exact=False):
    """Whether the middle halves of their rounds do not overlap. exact: one round tells, within NEAR."""
    if exact and (a.single or b.single):
        return abs(a.median - b.median) >= NEAR * min(a.median, b.median)
    if a.single or b.single:
        return False
    return a.high < b.low or b.high < a.low


def best_of(cells, more=False):
    """The name of the best figure, or None."""
    if not cells:
        return None
    return (max if more else min)(cells, key=lambda name: cells[name].median)


def winners(cells, more=False, exact=False):
    """The best figure's name, and those that are not told apart from it; none where these are all."""
    best = best_of(cells, more)
    wins = {name for name in cells if name == best or not told_apart(cells[name], cells[best], exact)}
    return wins if len(wins) < len(cells) else set()


def has_one(part):
    """Whether the rounds do not tell a ratio from 1."""
    return part.single or part.low <= 1 <= part.high


def is_rival(peer):
    """Neither pond's own nor a limit."""
    return not re.match("pond|limit|stock", peer)


class Ratio(NamedTuple):
    """One figure as a multiple of another; sure when the rounds tell the two apart."""

    value: float
    sure: bool

    def __str__(self):
        return f"{self.value:.2f}" + ("" if self.sure else "?")


def ratio(a, b, exact=False):
    return Ratio(a.median / b.median, told_apart(a, b, exact)) if a and b and b.median else None


# ---- make bench ----


class Times:
    """The time table of make bench."""

    def __init__(self, results):
        self.results = results
        self.rows = results.rows("time")

    def cost(self, row, peer):
        return self.results.cells("time", row, "ns").get(peer)

    def rivals(self, row):
        return {peer: cost for peer, cost in self.results.cells("time", row, "ns").items() if is_rival(peer)}

    def best(self, row):
        return best_of(self.rivals(row))

    def compared(self):
        """The rows in which peers are compared: not what is the same code in each program."""
        return [row for row in self.rows if self.rivals(row) and not row.endswith("-only")]

    def ratio(self, row, peer, than):
        return ratio(self.cost(row, peer), self.cost(row, than))


def doubt_of_handover(times):
    costs = {peer: cost.median for peer, cost in times.results.cells("time", "handover-only", "ns").items()
             if peer != "go"}
    if not costs:
        return
    least, most = min(costs, key=costs.get), max(costs, key=costs.get)
    if costs[most] > costs[least] * (1 + HANDOVER_APART):
        yield f"handover-only is the same code in every program, but takes from {costs[least]:.2f} ns " \
              f"({least}) to " \
              f"{costs[most]:.2f} ns ({most}): differences of that size between peers mean nothing where " \
              "threads share."


def doubt_of_limit(times):
    spreads = {row: times.cost(row, "limit").spread for row in times.rows
               if times.cost(row, "limit") and row != "handover-only"}
    far = [row for row in spreads if spreads[row] > LIMIT_APART]
    if far:
        worst = max(far, key=spreads.get)
        yield f"The rounds of limit, which does next to nothing, lie more than {LIMIT_APART:.0%} apart in " \
              f"{len(far)} " \
              f"{'row' if len(far) == 1 else 'rows'}, most in {worst} ({spreads[worst]:.0%}): the machine " \
              "was not calm."


def doubt_of_others(results):
    believe = "while the times were taken: believe them little."
    if float(results.get("stolen_share") or 0) > 0.01:
        yield f"The machine's hypervisor stole {float(results.get('stolen_share')):.0%} of the time {believe}"
    if float(results.get("processors_of_others") or 0) > 0.1:
        yield f"Other programs used {float(results.get('processors_of_others')):.1f} processors {believe}"


def doubts(results):
    """A sentence for each thing that makes the times doubtful; none of a calm machine."""
    times = Times(results)
    yield from doubt_of_handover(times)
    if all(cost.single for row in times.rows for cost in times.results.cells("time", row, "ns").values()):
        yield "One round tells nothing of the spread: none of the ratios is certain."
    yield from doubt_of_limit(times)
    yield from doubt_of_others(results)


# ---- aims ----

# Words, the rows, whose, and how much of the best peer's time at most.
OF_THE_BEST = [
    ("pairs, inlined: at most 0.45 of the best peer", r"(used-)?pair-\w+(-2-threads)?", "pond_inline", 0.45),
    ("pairs, called: at most 0.65 of the best peer", r"(used-)?pair-\w+(-2-threads)?", "pond_called", 0.65),
    ("bursts of 512, inlined: at most 0.45 of the best peer", r".*burst-\w+-512", "pond_inline", 0.45),
    ("bursts of 512, called: at most 0.70 of the best peer", r".*burst-\w+-512", "pond_called", 0.70),
    ("other bursts, random replacement, inlined: at most 0.45 of the best peer",
     r".*burst-\w+-(8|64|4096)|(used-)?replace-1024", "pond_inline", 0.45),
    ("other bursts, random replacement, called: at most 0.70 of the best peer",
     r".*burst-\w+-(8|64|4096)|(used-)?replace-1024", "pond_called", 0.70),
    ("eight threads, threads that exit, constructed objects, inlined: at most the best peer's time",
     r"(pair|replace).*-8-threads|larson|constructed", "pond_inline", 1.0),
    ("eight threads, threads that exit, constructed objects, called: at most the best peer's time",
     r"(pair|replace).*-8-threads|larson|constructed", "pond_called", 1.0),
    ("handed over between threads, inlined: at most the best peer's time", "handed-over", "pond_inline", 1.0),
    ("handed over between threads, called: at most the best peer's time", "handed-over", "pond_called", 1.0),
    ("objects got for the first time, inlined: at most the best malloc's "
     "time", "cold-.*", "pond_inline", 1.0),
    ("objects got for the first time, called: at most the best malloc's time", "cold-.*", "pond_called", 1.0),
]
HOOK_AIM = 1.6
THREADS_AIM = 1.1
# Bytes a live byte two ticks later, rounded as here.
MEMORY_AIMS = {"64B-random": 10.0, "64B-runs": 1.66, "1KiB-random": 3.45, "1KiB-runs": 1.01,
               "4KiB-random": 1.01, "4KiB-runs": 1.01}


class Verdict(NamedTuple):
    """What was measured in one row for an aim."""

    row: str
    measured: str
    holds: bool


def of_the_best(times, rows, peer, bound):
    for row in times.compared():
        part = times.ratio(row, peer, times.best(row))
        if part and re.fullmatch(rows, row):
            yield Verdict(row, str(part), round(part.value, 2) <= bound)


def hooks(times):
    """A pair whose put runs a reset hook, beside what pair and hook take alone."""
    both, pair, hook = (times.cost(row, "pond_called") for row in ("reset-64B", "pair-64B", "reset-only"))
    if both and pair and hook:
        measured = both.median / (pair.median + hook.median)
        yield Verdict("reset-64B", f"{measured:.2f}", round(measured, 2) <= HOOK_AIM)


def threads(times, peer):
    """What limit grows by, whose threads share nothing, is the machine's doing, and is taken out."""
    for row, one in (("pair-64B-2-threads", "pair-64B"), ("pair-64B-8-threads", "pair-64B"),
                     ("pair-1KiB-2-threads", "pair-1KiB")):
        many, single = times.cost(row, peer), times.cost(one, peer)
        limit = ratio(times.cost(row, "limit"), times.cost(one, "limit"))
        if many and single:
            grown = many.median / single.median / max(limit.value if limit else 1, 1)
            yield Verdict(row, f"{grown:.2f}", grown <= THREADS_AIM)


def memory(results):
    for row, bound in MEMORY_AIMS.items():
        left = results.cells("memory", row, "two ticks later").get("pond_called")
        if left:
            yield Verdict(row, f"{left.median:.3g}", float(f"{left.median:.3g}") <= bound)


def largest_answers(servers):
    cells = servers.cells("server", "respd", "larger_p99_ms") if servers else {}
    part = ratio(cells.get("pond"), cells.get("glibc"))
    if part:
        yield Verdict("respd", str(part), round(part.value, 2) <= 1)


def aims(bench, servers):
    """Each aim's words, and its verdicts; none where it was not measured."""
    times = Times(bench)
    for words, rows, peer, bound in OF_THE_BEST:
        yield words, list(of_the_best(times, rows, peer, bound))
    for words, peer in (("inlined", "pond_inline"), ("called", "pond_called")):
        yield f"more threads, {words}: a pair at most {THREADS_AIM} times that of one thread, limit's " \
              "growth taken " \
              "out", list(threads(times, peer))
    yield f"a reset hook that sets a few fields: at most {HOOK_AIM} times the called pair plus the hook", \
        list(hooks(times))
    yield "bytes a live byte two ticks later: at most 10.0, 1.66, 3.45 and three times " \
          "1.01", list(memory(bench))
    yield "99 of 100 of respd's largest answers: at most glibc's time", list(largest_answers(servers))


# ---- servers ----

# The measures of part server and demo in their order: words, and whether README.md has them.
SERVER_MEASURES = {
    "qps": "requests a second",
    "p50_ms": "latency, the median, ms",
    "p99_ms": "latency, 99 of 100, ms",
    "cpu_us_per_request": "processor time a request, µs",
    "large_qps": "large answers a second",
    "large_p99_ms": "of large answers: latency, 99 of 100, ms",
    "larger_p99_ms": "of the largest answers: latency, 99 of 100, ms",
    "large_cpu_us_per_request": "of large answers: processor time a request, µs",
    "calm_qps": "in the calm: requests a second",
    "calm_p99_ms": "in the calm: latency, 99 of 100, ms",
    "page_faults": "page faults",
    "resident_peak_bytes": "resident at the peak, MiB",
    "resident_after_two_ticks_bytes": "resident two ticks later, MiB",
    "resident_calm_end_bytes": "resident after the calm, MiB",
    "resident_idle_end_bytes": "resident at the end, MiB",
}
MEMCACHED_MEASURES = {
    "qps": "plain traffic, requests a second",
    "cpu_us_per_request": "plain traffic, processor time a request, µs",
    "command_before_bytes": "resident before the bursts, MiB",
    "command_peak_bytes": "2,000 stall within a command: resident then, MiB",
    "command_after_bytes": "ten seconds after that, MiB",
    "batch_peak_bytes": "2,000 stall behind 12 KB of commands: resident then, MiB",
    "batch_after_bytes": "ten seconds after that, MiB",
    "later_qps": "plain traffic after that, requests a second",
    "later_cpu_us_per_request": "plain traffic after that, processor time a request, µs",
}


def is_rate(measure):
    return measure.endswith("qps")


# ---- where pond loses ----


class Loss(NamedTuple):
    """A figure in which pond needs more than the best peer; sure when the rounds tell the two apart."""

    what: str
    pond: object
    best: str
    theirs: object
    times: float
    sure: bool
    measure: str


def loss(what, measure, pond, peers, exact=False):
    """A list with the loss, or nothing."""
    best = best_of(peers, is_rate(measure))
    if pond is None or best is None:
        return []
    times = ratio(pond, peers[best]) if not is_rate(measure) else ratio(peers[best], pond)
    sure = told_apart(pond, peers[best], exact)
    if times is None or times.value < 1.005 or (exact and not sure):
        return []
    return [Loss(what, pond, best, peers[best], times.value, sure, measure)]


def losses_of_bench(bench):
    times = Times(bench)
    for row in times.compared():
        for peer, how in (("pond_inline", "inlined"), ("pond_called", "called")):
            yield from loss(f"`{row}`, ns, {how}", "ns", times.cost(row, peer), times.rivals(row))
    counts = bench.cells("instr", "pair-64B", "instructions")
    for peer, how in (("pond_inline", "inlined"), ("pond_called", "called")):
        yield from loss(f"instructions of a pair, {how}", "instructions", counts.get(peer),
                        {name: count for name, count in counts.items() if is_rival(name)}, exact=True)
    for row in bench.rows("memory"):
        for when in WHENS:
            cells = bench.cells("memory", row, when)
            yield from loss(f"`{row}`, bytes a live byte, {when}", "ratio", cells.get("pond_called"),
                            {name: cell for name, cell in cells.items() if is_rival(name)}, exact=True)
        yield from loss(f"`{row}`, bytes a live byte, two ticks later, where peers had their purge "
                        "called", "ratio",
                        bench.cells("memory", row, "two ticks later").get("pond_called"),
                        {name: cell for name, cell in bench.cells("memory", row, "purge called").items()
                         if is_rival(name)}, exact=True)


def losses_of_servers(servers):
    for server in servers.rows("server"):
        for measure, words in SERVER_MEASURES.items():
            cells = dict(servers.cells("server", server, measure))
            yield from loss(f"{server}: {words}", measure, cells.pop("pond", None), cells)


def losses_of_memcached(memcached):
    for measure, words in MEMCACHED_MEASURES.items():
        cells = memcached.cells("memcached", "memcached", measure)
        for found in loss(f"memcached: {words}", measure, cells.get("pond"),
                          {"stock": cells["stock"]} if "stock" in cells else {}):
            by_turn = cells["pond / stock"]
            yield found._replace(times=1 / by_turn.median if is_rate(measure) else by_turn.median,
                                 sure=not has_one(by_turn))


def losses(bench, servers, memcached):
    found = list(losses_of_bench(bench)) if bench else []
    found += losses_of_servers(servers) if servers else []
    found += losses_of_memcached(memcached) if memcached else []
    return found
