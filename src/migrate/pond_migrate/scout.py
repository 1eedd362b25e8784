# SPDX-License-Identifier: BSD-2-Clause
"""What pond-scout says is worth a pond: its JSON, and the types that are allocated at its sites."""
import json
import os

from . import text
from .say import Refused, Wrong


# "part" is made and freed with another object, which could keep it (a create hook); as long as no one writes that hook, a
# pond of its own serves it.
WORTH = ("pond", "ponds", "create", "part")


def read(path):
    """The rows that are worth a pond, those with most gets first."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        rows = found if isinstance(found, list) else found["sites"]
        worth = [row for row in rows if row.get("verdict") in WORTH]
        return sorted(worth, key=lambda row: -row.get("gets", 0))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as fault:
        raise Wrong(f"{path}: is no JSON of pond-scout: {fault}") from None


def types(facts, wrappers, rows):
    """(type, row) for each row whose line allocates one object of a type."""
    sites = {}
    for call in facts.calls.values():
        if call.callee in wrappers.allocators and len(call.size_types) == 1:
            line = text.line_of(facts.program.read(call.path), call.expansion)
            sites[(os.path.basename(call.path), line)] = facts.records[call.size_types[0]]
    found = {}
    for row in rows:
        where = sites.get((os.path.basename(str(row.get("file"))), row.get("line")))
        if where is not None:
            found.setdefault(where[5] or where[4], row)
    if not found:
        raise Refused("no line that pond-scout names allocates one object of a type")
    return list(found.items())
