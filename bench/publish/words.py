# SPDX-License-Identifier: BSD-2-Clause
"""How figures are written: digits, marks, rows, Markdown."""
import re
import textwrap

import judge

RULE = "Bold is the best figure of a row, with all that the rounds do not tell apart from it: the middle " \
       "halves of their rounds overlap. Where none is bold, all are even."


def fold(text):
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def table(head, rows, words=(0,)):
    """Markdown; what is empty was not measured. words: the columns that have no figures."""
    lines = [head, *([cell or "-" for cell in row] for row in rows)]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    text.insert(1, "|" + "|".join("---" if i in words else "---:" for i in range(len(head))) + "|")
    return "\n".join(text)


# ---- a figure ----


def three(value, digits):
    """Below 10 so many digits behind the point, below 100 one, and never more than three that count."""
    if value < 10:
        return f"{value:.{digits}f}"
    return f"{value:.1f}" if value < 99.95 else f"{float(f'{value:.3g}'):,.0f}"


def two(figure):
    """Two digits behind the point."""
    return f"{figure.median:.2f}" if figure.median < 100 else f"{figure.median:.0f}"


def shown(figure, measure):
    """A figure of a server."""
    value = figure.median / (1 << 20) if measure.endswith("_bytes") else figure.median
    return f"{value:,.0f}" if judge.is_rate(measure) or measure == "page_faults" else three(value, 2)


def with_spread(figure, measure):
    return shown(figure, measure) + (f" ({figure.spread:.0%})" if not figure.single and figure.median else "")


def lost(figure, measure):
    """A figure in the list of what pond loses."""
    if measure in ("ns", "ratio"):
        return two(figure)
    return f"{figure.median:.0f}" if measure == "instructions" else shown(figure, measure)


# ---- a row ----


def row_of(cells, peers, text, wins):
    """A cell for each of the peers; the winners' bold."""
    def cell(peer):
        return f"**{text(cells[peer])}**" if peer in wins else text(cells[peer])
    return [cell(peer) if peer in cells else "" for peer in peers]


RATIO_HEAD = ["best peer", "inlined, of best", "called, of best", "inlined, times limit",
              "called, times limit", "rounds: inlined", "called", "best", "limit"]


def ratio_rows(bench):
    """pond beside the best peer and the limits, and how far the rounds lie apart."""
    times, rows = judge.Times(bench), []
    for row in times.compared():
        best = times.best(row)
        ratios = [times.ratio(row, "pond_inline", best), times.ratio(row, "pond_called", best),
                  times.ratio(row, "pond_inline", "limit"), times.ratio(row, "pond_called", "limit_called")]
        spreads = [times.cost(row, peer) for peer in ("pond_inline", "pond_called", best, "limit")]
        rows.append([row, best, *(str(found) if found else "" for found in ratios),
                     *(f"{cost.spread:.0%}" if cost and not cost.single else "" for cost in spreads)])
    return rows


def memcached_rows(run):
    rows, quiet = [], run.get("quiet_seconds") or "10"
    for measure, words in judge.MEMCACHED_MEASURES.items():
        cells = run.cells("memcached", "memcached", measure)
        if not {"stock", "pond", "pond / stock"} <= cells.keys():
            continue
        part = cells["pond / stock"]
        wins = {"pond" if (part.median > 1) == judge.is_rate(measure) else "stock"}
        if judge.has_one(part):
            wins = ()
        rows.append([words if quiet == "10" else re.sub("^ten", quiet, words),
                     *row_of(cells, ["stock", "pond"], lambda cell, m=measure: shown(cell, m), wins),
                     f"{part.median:.2f} ({part.least:.2f} to {part.most:.2f})"])
    return rows


# ---- where it was measured ----

PLACE = ["machine", "cores", "architecture", "processor", "memory", "system", "kernel", "compiler"]


def where(run):
    return {name: run.get(name) for name in PLACE}


def place(run):
    at = where(run)
    return f"a {at['machine']}: {at['cores']} {at['architecture']} cores of {at['processor']}, " \
           f"{at['memory']} of memory, {at['system']}, {at['kernel']}, {at['compiler']}"


def short_place(run):
    """The same without what only a bug report needs."""
    at = where(run)
    system = re.sub(r" GNU/Linux (\d+).*", r" \1", at["system"])
    kernel = re.sub(r"^(\w+ \d+\.\d+).*", r"\1", at["kernel"])
    compiler = re.sub(r" \(.*\)", "", at["compiler"])
    return f"a {at['machine']}: {at['cores']} {at['architecture']} cores of {at['processor']}, " \
           f"{at['memory']} of memory, {system}, {kernel}, {compiler}"


def commits(runs):
    """Of pairs of words and a run: when, at which commits."""
    days = {}
    for words, run in runs:
        at = days.setdefault(run.get("date").split("T")[0], {})
        at.setdefault(run.get("commit"), []).append(words)
    said = []
    for day, at in days.items():
        named = [name + (f" ({', '.join(words)})" if len(at) + len(days) > 2 else "")
                 for name, words in at.items() if name]
        said.append(day + (f" at commit{'s' if len(named) > 1 else ''} {', '.join(named)}" if named else ""))
    return " and on ".join(said)


def when(run):
    commit = run.get("commit")
    return run.get("date").split("T")[0] + (f" at commit {commit}" if commit else "")


def quick(run):
    if run.get("quick") != "1":
        return ""
    return " **A quick run: it shows what the tables look like, and nothing else.**"


def short_version(proof):
    """Of what a peer proved to be, its name and version."""
    return re.sub(r"-[0-9]+-g[0-9a-f]+", "", re.split("[;,]| from ", proof)[0])
