# SPDX-License-Identifier: BSD-2-Clause
"""A list of spare objects that no lock guards becomes malloc and free, as text:

    get   if the list has one: take it from there; else allocate      the allocation is left
    put   insert it into the list                                     free, where the function ends

What drains the list stays: it finds it empty. The lists are those of sys/queue.h, whatever the header is called."""
import re

from . import text
from .say import Refused

HAS = re.compile(r"\bif\s*\(\s*!\s*(S?TAILQ|S?LIST)_EMPTY\s*\(\s*&\s*([\w.>-]+)\s*\)\s*\)\s*\{")
INSERT = r"\b(?:S?TAILQ|S?LIST)_INSERT_(?:HEAD|TAIL)\s*\(\s*&\s*{}\s*,\s*(\w+)\s*(?:,[^;]*?)?\)\s*;"


def body_of(program, facts, name):
    """(path, start, end) of a function's definition."""
    found = [f for f in facts.functions.values() if f.name == name]
    if len(found) != 1:
        raise Refused(f"{name}: {'no file defines it' if not found else 'is defined more than once'}")
    whole = text.blank(program.read(found[0].path))
    opening = whole.find("{", found[0].offset)
    return found[0].path, opening, text.close(whole, opening)


def without_list(program, facts, type_name, get, put):
    """path -> text without the list; None where get is of no such shape."""
    path, start, end = body_of(program, facts, get)
    whole = program.read(path)
    plain = text.blank(whole)
    has = HAS.search(plain, start, end)
    if not has:
        return None
    taken = text.close(plain, has.end() - 1)
    edits = {path: without_branch(program, path, has, taken, type_name, end)}
    counters = set(re.findall(r"\b(\w+)\s*--|--\s*(\w+)", plain[has.end():taken]))
    drop_insert(program, facts, put, has.group(2), {a or b for a, b in counters}, edits)
    return applied(program, edits)


def without_branch(program, path, has, taken, type_name, end):
    """Edits that leave what is done where the list is empty: an else, or what follows where the branch goes away."""
    whole = program.read(path)
    plain = text.blank(whole)
    begin = text.line_start(whole, has.start())
    other = re.compile(r"\s*else\s*\{").match(plain, taken)
    if other:
        last = text.close(plain, other.end() - 1)
        body = whole[text.line_end(whole, other.end() - 1):text.line_start(whole, last - 1)]
        return [(begin, text.line_end(whole, last - 1), outdented(body))]
    leaves = re.search(r"\bgoto\s+(\w+)\s*;\s*\}\Z", plain[has.end():taken])
    if not leaves:
        raise Refused(f"{program.at(path, has.start())}: takes {type_name} from a list, and does not allocate otherwise")
    edits = [(begin, text.line_end(whole, taken - 1), "")]
    label = re.compile(r"^\s*" + leaves.group(1) + r"\s*:\s*?\n", re.M).search(plain, taken, end)
    if label and len(re.findall(r"\bgoto\s+" + leaves.group(1) + r"\b", plain[:end])) == 1:
        edits.append((label.start(), label.end(), "\n"))
    return edits


def outdented(lines):
    return "".join(re.sub(r"^(\t|    |  )", "", line) for line in lines.splitlines(True))


def drop_insert(program, facts, put, head, counters, edits):
    """In put: the object is freed where the function ends, since what follows the insertion may use it."""
    path, start, end = body_of(program, facts, put)
    whole = program.read(path)
    plain = text.blank(whole)
    insert = re.compile(INSERT.format(re.escape(head))).search(plain, start, end)
    if not insert:
        raise Refused(f"{program.at(path, start)}: {put} inserts nothing into {head}")
    if "return" in plain[insert.end():end]:
        raise Refused(f"{program.at(path, insert.start())}: {put} returns in between, behind the insertion")
    mine = edits.setdefault(path, [])
    mine.append((text.line_start(whole, insert.start()), text.line_end(whole, insert.end() - 1), ""))
    for name in counters:
        for found in re.compile(r"(?:\b" + name + r"\s*\+\+|\+\+\s*" + name + r")\s*;").finditer(plain, start, end):
            mine.append((text.line_start(whole, found.start()), text.line_end(whole, found.end() - 1), ""))
    indent = re.match(r"[ \t]*", whole[text.line_start(whole, insert.start()):]).group()
    close = text.line_start(whole, end - 1)
    mine.append((close, close, f"{indent}free({insert.group(1)});\n"))


def applied(program, edits):
    result = {}
    for path, list_of in edits.items():
        whole = program.read(path)
        for start, end, new in sorted(list_of, reverse=True):
            whole = whole[:start] + new + whole[end:]
        if not re.search(r"#\s*include\s*<stdlib\.h>", whole):
            first = re.search(r"^#\s*include[^\n]*\n", whole, re.M)
            at = first.end() if first else 0
            whole = whole[:at] + "#include <stdlib.h>\n" + whole[at:]
        result[path] = whole
    return result
