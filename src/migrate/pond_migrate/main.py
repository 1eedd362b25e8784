# SPDX-License-Identifier: BSD-2-Clause
"""The command line of pond-migrate."""
import argparse
import os
import shutil
import subprocess
import sys

from . import freelist
from . import mutex
from . import program as programs
from . import scout
from . import trial
from .facts import Facts
from .judge import Case, Wrappers
from .rewrite import Rewriting
from .say import Refused, Wrong

USAGE = """\
Turns malloc and free of a type into a pond of its own: everything of the type, or nothing.

    pond-migrate [OPTION...] malloc TYPE FILE... [-- FLAG...]
    pond-migrate [OPTION...] malloc TYPE -p compile_commands.json
    pond-migrate [OPTION...] freelist TYPE GET PUT ...      the functions that take from a list of spare ones
    pond-migrate [OPTION...] scout SCOUT.json ...           every type that pond-scout says is worth it

TYPE is a structure's tag or a typedef. FILE... are all files of the program; FLAG... is what its compiler needs.
It works on a copy, compiles that, and only then changes the files. Status 1: something stands in the way, which is
said with file and line, and nothing was changed. Status 2: it was called wrongly."""


def options(words):
    flags = []
    if "--" in words:
        cut = words.index("--")
        words, flags = words[:cut], words[cut + 1:]
    parser = argparse.ArgumentParser(prog="pond-migrate", usage=argparse.SUPPRESS, description=USAGE, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["malloc", "freelist", "scout"], help=argparse.SUPPRESS)
    parser.add_argument("type", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("-p", "--database", metavar="FILE", help="compile_commands.json: how each file is compiled")
    parser.add_argument("--root", metavar="DIR", help="where the program lies; only files below it are changed")
    parser.add_argument("--without", metavar="FILE", action="append", default=[],
                        help="a .c file that belongs to another program")
    parser.add_argument("--name", help="what the pond is called, where the type's name would not do")
    parser.add_argument("--pond", metavar="FLAGS", help="what finds pond's headers (default: pkg-config --cflags pond)")
    parser.add_argument("-n", "--dry-run", action="store_true", help="write what would change, and change nothing")
    parser.error = lambda message: (_ for _ in ()).throw(Wrong(message + "; --help says how"))
    if "--pond" in words[:-1]:  # argparse takes flags for options
        at = words.index("--pond")
        words = words[:at] + ["--pond=" + words[at + 1]] + words[at + 2:]
    chosen = parser.parse_intermixed_args(words)
    chosen.flags = flags
    return chosen


def pond_flags(chosen):
    """Where pond's headers are: as said, as installed, or beside this tool."""
    if chosen.pond is not None:
        return chosen.pond.split()
    here = os.path.dirname(os.path.realpath(__file__))
    own = os.path.normpath(os.path.join(here, "../../../include"))
    if os.path.isfile(os.path.join(own, "pond/typed.h")):
        return ["-I" + own]
    if shutil.which("pkg-config"):
        found = subprocess.run(["pkg-config", "--cflags", "pond"], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.split()
    return []


def program_of(chosen):
    if chosen.database:
        result = programs.from_database(chosen.database, chosen.root)
    elif chosen.files:
        result = programs.from_files(chosen.files, chosen.flags, chosen.root)
    else:
        raise Wrong("neither files nor a compile_commands.json are named; --help says how")
    result.extra = pond_flags(chosen)
    left_out = {os.path.realpath(file) for file in chosen.without}
    result.units = [unit for unit in result.units if unit.file not in left_out]
    if not result.units:
        raise Wrong("there is no .c file among them")
    return result


def look(program, units=None):
    facts = Facts(program)
    for unit in units or program.units:
        facts.unit(unit)
    return facts


class Outcome:
    """What became of one type: new texts, and a sentence."""

    def __init__(self, changes, case, rewriting):
        self.changes = changes
        self.said = (f"{len(case.gets)} allocations and {len(case.puts)} frees; the pond is "
                     f"{rewriting.names.of('pond')}()")


def convert(program, facts, type_name, chosen):
    """The new text of all files for one type, compiled in a copy."""
    if facts.faults:
        raise Refused(facts.faults[:4])
    case = Case(facts, Wrappers(facts), type_name)
    if case.reasons:
        raise Refused(case.reasons)
    rewriting = Rewriting(case, chosen.name)
    changes = rewriting.files()
    units = {unit.file: unit for path in changes for unit in case.users(path)}
    with trial.Copy(program, changes) as copy:
        trial.check(program, copy, units.values(), changes, pond_flags(chosen))
        again(copy, case, chosen, telling(case, changes))
    return Outcome(changes, case, rewriting)


def finish(program, changes, chosen):
    if chosen.dry_run:
        trial.show(program, changes)
    else:
        trial.keep(program, changes)


def by_malloc(chosen):
    program = program_of(chosen)
    outcome = convert(program, look(program), chosen.type, chosen)
    finish(program, outcome.changes, chosen)
    print(f"{chosen.type}: {outcome.said}", file=sys.stderr)
    return 0


def by_freelist(chosen):
    """A list of spare objects goes first, in a copy; what is left is malloc and free."""
    if len(chosen.files) < 2:
        raise Wrong("freelist takes a type, the function that gets, the one that puts, then files; --help says how")
    get, put, chosen.files = chosen.files[0], chosen.files[1], chosen.files[2:]
    program = program_of(chosen)
    facts = look(program)
    if facts.faults:
        raise Refused(facts.faults[:4])
    changes = freelist.without_list(program, facts, chosen.type, get, put)
    if changes is None:
        changes = mutex.by_rules(program, facts, chosen, get, put)
        units = [unit for unit in program.units if facts.includes[unit.file].intersection(changes)]
        with trial.Copy(program, changes) as copy:
            trial.check(program, copy, units, changes, pond_flags(chosen))
        finish(program, changes, chosen)
        return 0
    with trial.Copy(program, changes) as copy:
        inner = programs.Program(copy.root + program.root[len(program.tree):], [copy.unit(u) for u in program.units],
                                 copy.root)
        inner.extra = program.extra
        outcome = convert(inner, look(inner), chosen.type, chosen)
        for path, whole in outcome.changes.items():
            changes[program.tree + path[len(copy.root):]] = whole
    finish(program, changes, chosen)
    print(f"{chosen.type}: the list is gone; {outcome.said}", file=sys.stderr)
    return 0


def by_scout(chosen):
    """Each type that is worth it, one after the other: those that can be converted are."""
    rows = scout.read(chosen.type)
    program = program_of(chosen)
    facts = look(program)
    if facts.faults:
        raise Refused(facts.faults[:4])
    done = 0
    for type_name, row in scout.types(facts, Wrappers(facts), rows):
        try:
            outcome = convert(program, facts, type_name, chosen)
            finish(program, outcome.changes, chosen)
            said = outcome.said
            done += 1
            if not chosen.dry_run:
                program = program_of(chosen)
                facts = look(program)
        except Refused as refused:
            said = "left as it is: " + "; ".join(refused.reasons[:3])
        print(f"{type_name}: {row.get('gets', 0)} gets, predicted hit ratio {row.get('hit_ratio') or 0:.4f}: {said}")
    if done == 0:
        raise Refused("none of the types that are worth it can be converted")
    return 0


def telling(case, changes):
    """As few units as show every file that was changed."""
    found = {}
    for path in sorted(changes):
        users = case.users(path)
        own = [unit for unit in users if unit.file == path] or [unit for unit in users if unit.file in found] or users
        found[own[0].file] = own[0]
    return list(found.values())


def again(copy, case, chosen, units):
    """The result has no allocation and no free of the type left."""
    moved = []
    for unit in units:
        unit = copy.unit(unit)
        unit.command = unit.command[:1] + pond_flags(chosen) + unit.command[1:]
        moved.append(unit)
    root = os.path.realpath(copy.root) + case.program.root[len(case.program.tree):]
    facts = look(programs.Program(root, moved, copy.root))
    left = []
    try:
        after = Case(facts, Wrappers(facts), case.tag or case.spelling)
        left = after.gets + after.puts
    except Refused:
        return
    if left:
        raise Refused([f"{facts.program.at(site.call.path, site.call.expansion)}: was not rewritten" for site in left])


def main(words):
    try:
        chosen = options(words)
        return {"malloc": by_malloc, "freelist": by_freelist, "scout": by_scout}[chosen.kind](chosen)
    except Refused as refused:
        for reason in refused.reasons:
            print(f"pond-migrate: {reason}", file=sys.stderr)
        print("pond-migrate: nothing is changed", file=sys.stderr)
        return 1
    except Wrong as wrong:
        print(f"pond-migrate: {wrong}", file=sys.stderr)
        return 2
