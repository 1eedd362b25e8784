# SPDX-License-Identifier: BSD-2-Clause
"""Figures: what a run measured, reduced to five numbers each, written to bench/results and read from there.

A run leaves lines `part,row,peer,round,measure,value`, a line for each round. A file of results has for each
part a head and a line for each row and measure, with a cell for each peer:

    time,row,measure,pond_inline,pond_called,...
    time,pair-64B,ns,1.6 1.63 1.66 1.7 1.98,...

A cell is least, first quartile, median, third quartile and most of the rounds; one number where there was one
round; empty where the peer was not measured. Lines `context,name,value` say where and when, and what each
peer proved to be.
"""
import csv

POOLS = "pond_inline pond_called pond_shared limit limit_called tcmalloc jemalloc mimalloc glibc gslice " \
        "tbb dpdk " \
        "mutex_list ck_list go".split()
SERVERS = "pond glibc jemalloc mimalloc".split()
# The columns of each part, in their order; others come behind them.
ORDER = {"time": POOLS, "memory": POOLS, "instr": POOLS, "server": SERVERS, "demo": ["pond", "malloc"],
         "memcached": ["stock", "pond", "pond / stock"]}


def quantile(ordered, share):
    """Of numbers in their order, interpolated."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def number(value):
    """As text, with six digits that count."""
    return f"{value:.6g}" if abs(value) < 999999.5 else f"{value:.0f}"


class Figure:
    """Five numbers of the rounds of a measure; of one round, that one five times."""

    def __init__(self, *numbers):
        self.single = len(numbers) == 1
        self.least, self.low, self.median, self.high, self.most = numbers * 5 if self.single else numbers

    @classmethod
    def of(cls, rounds):
        ordered = sorted(rounds)
        return cls(*ordered) if len(ordered) == 1 else cls(*(quantile(ordered, share) for share in
                                                              (0, 0.25, 0.5, 0.75, 1)))

    @property
    def spread(self):
        """How far the rounds lie apart, as a part of the median."""
        return (self.most - self.least) / self.median if self.median else 0.0

    def __str__(self):
        numbers = [self.median] if self.single else [self.least, self.low, self.median, self.high, self.most]
        return " ".join(number(n) for n in numbers)


class Results:
    """The figures of a run: context is pairs, tables are {part: {(row, measure): {peer: Figure}}}."""

    def __init__(self):
        self.context = []
        self.tables = {}

    def get(self, name):
        """What the context has of that name first, else ""."""
        return next((value for key, value in self.context if key == name), "")

    def cells(self, part, row, measure):
        return self.tables.get(part, {}).get((row, measure), {})

    def rows(self, part):
        return list(dict.fromkeys(row for row, _ in self.tables.get(part, {})))

    def peers(self, part):
        """Whoever has a figure in the part, in the order of its columns."""
        seen = dict.fromkeys(peer for cells in self.tables.get(part, {}).values() for peer in cells)
        order = ORDER.get(part, [])
        return [peer for peer in order if peer in seen] + [peer for peer in seen if peer not in order]

    def write(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerows(["context", *pair] for pair in self.context)
            for part, lines in self.tables.items():
                peers = self.peers(part)
                out.writerow([part, "row", "measure", *peers])
                out.writerows([part, *key, *(str(cells.get(peer, "")) for peer in peers)]
                              for key, cells in lines.items())

    @classmethod
    def read(cls, path):
        results, heads = cls(), {}
        with open(path, newline="", encoding="utf-8") as file:
            for part, *cells in csv.reader(file):
                if part == "context":
                    results.context.append((cells[0], cells[1]))
                elif part not in heads:
                    heads[part] = cells[2:]
                    results.tables[part] = {}
                else:
                    results.tables[part][cells[0], cells[1]] = {
                        peer: Figure(*map(float, cell.split()))
                        for peer, cell in zip(heads[part], cells[2:]) if cell}
        return results


# ---- from what a run left ----


def raw_lines(path):
    """The lines of a run's csv behind its head."""
    with open(path, newline="", encoding="utf-8") as file:
        return [line for line in csv.reader(file)][1:]


def raw_context(path):
    """The context of a run's csv, which may have no head."""
    with open(path, newline="", encoding="utf-8") as file:
        return [(line[4], line[5]) for line in csv.reader(file) if line[0] == "context"]


def most_rounds(path, part):
    return max((int(line[3]) for line in raw_lines(path) if line[0] == part), default=0)


def one_run(path, parts):
    """The parts of a run: {part: {(row, measure): {peer: {round: value}}}}."""
    tables = {}
    for part, row, peer, turn, measure, value in raw_lines(path):
        if part in parts:
            cells = tables.setdefault(part, {}).setdefault((row, measure), {}).setdefault(peer, {})
            cells[turn] = float(value)
    return tables


def times_of_cores(table, cores):
    """Of the time on the clock, what a pair costs: times the cores that the row can use."""
    costs = {}
    for (row, measure), cells in table.items():
        if measure == "wall_ns":
            costs[row, "ns"] = {
                peer: {turn: ns * min(table[row, "threads"][peer][turn], cores)
                       for turn, ns in rounds.items()}
                for peer, rounds in cells.items()}
    return costs


def in_order(table):
    """Peers come in turn, and some lack rows: the order is that of one that has all."""
    return dict(sorted(table.items(), key=lambda line: "pond_called" not in line[1]))


def resident_by_live(table):
    """Of bytes, those that are resident for each live one."""
    ratios = {}
    for (row, measure), cells in table.items():
        when = measure.removesuffix(" resident")
        if when != measure:
            live = table[row, when + " live"]
            ratios[row, when] = {peer: {turn: bytes_ / live[peer][turn] for turn, bytes_ in rounds.items()}
                                 for peer, rounds in cells.items()}
    return ratios


def with_ratios(table):
    """Beside stock and pond the ratio of what was measured next to each other."""
    for cells in table.values():
        stock, pond = cells.get("stock", {}), cells.get("pond", {})
        ratios = {turn: pond[turn] / stock[turn] for turn in pond if stock.get(turn, 0) > 0}
        if ratios:
            cells["pond / stock"] = ratios
    return table


def reduce_run(path, parts, machine=None):
    """A run's csv to Results; machine: where its context is, when in another file."""
    results = Results()
    results.context = raw_context(machine or path)
    tables = one_run(path, parts)
    if "time" in tables:
        tables["time"] = in_order(times_of_cores(tables["time"], int(results.get("cores") or 2)))
    if "memory" in tables:
        tables["memory"] = resident_by_live(tables["memory"])
    if "memcached" in tables:
        tables["memcached"] = with_ratios(tables["memcached"])
    for part in parts:
        table = tables.get(part, {})
        results.tables[part] = {key: {peer: Figure.of(rounds.values()) for peer, rounds in cells.items()}
                                for key, cells in table.items()}
        for row in results.rows(part):
            if part in ("time", "memory", "instr"):
                continue
            results.context.append((f"rounds of {row}", str(max(
                len(rounds) for key, cells in table.items() if key[0] == row for rounds in cells.values()))))
    if "time" in tables:
        results.context.append(("rounds", str(most_rounds(path, "time"))))
    return results


# What of make knee is kept, and which quantile of its repetitions speaks for them (bench/knee/knee.c).
KNEE_MEASURES = {"constructions_per_s": 0.5, "requests_per_cpu_s": 0.8, "resident_per_live": 0.5}


def reduce_knee(path, machine):
    """Of the smallest and the largest pool, and of the kind's own choice (size 0), a number each."""
    values = {}
    for kind, size, _, measure, value in raw_lines(path):
        if measure in KNEE_MEASURES:
            values.setdefault((kind, measure), {}).setdefault(int(size), []).append(float(value))
    sizes = [size for by_size in values.values() for size in by_size if size > 0]
    columns = {min(sizes): str(min(sizes)), max(sizes): str(max(sizes)), 0: "own choice"}
    results = Results()
    results.context = raw_context(machine)
    results.tables["knee"] = {
        key: {word: Figure(quantile(sorted(by_size[size]), KNEE_MEASURES[key[1]]))
              for size, word in columns.items() if size in by_size}
        for key, by_size in values.items()}
    return results
