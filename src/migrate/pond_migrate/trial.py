# SPDX-License-Identifier: BSD-2-Clause
"""The result is tried in a copy of the program, and comes into its files only when it compiles there."""
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

from . import text
from .say import Refused
from .program import only_compile

# A wrapper that nobody calls any more is no fault.
HARMLESS = ("-Wunused-function",)


def write(path, whole):
    with open(path, "w", encoding="latin-1", newline="") as file:
        file.write(whole)


class Copy:
    """A copy of the tree, with the changes, which goes away again."""

    def __init__(self, program, changes):
        self.program = program
        self.place = tempfile.mkdtemp(prefix="pond-migrate-")
        self.root = os.path.join(self.place, "tree")
        shutil.copytree(program.tree, self.root, symlinks=True, ignore=shutil.ignore_patterns(".git", "*.o", "*.sock"),
                        ignore_dangling_symlinks=True)
        for path, whole in changes.items():
            write(self.root + path[len(program.tree):], whole)

    def unit(self, unit):
        return unit.moved(self.program.tree, self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.place, ignore_errors=True)


def compile_unit(unit, flags):
    """(succeeded, {messages without their places}, all that was said)."""
    done = subprocess.run(only_compile(unit.command) + flags, cwd=unit.directory, capture_output=True, text=True,
                          errors="replace", check=False)
    said = {m.group(1) for m in re.finditer(r"(?:warning|error): (.*)", done.stderr)}
    return done.returncode == 0, said, done.stderr


def check(program, copy, units, changes, flags):
    """Refuses when a unit that compiled does not any more, or warns of something new. Where nothing but a header
    changed, its syntax is looked at and no code is made."""
    for unit in units:
        only = flags + ([] if unit.file in changes else ["-fsyntax-only"])
        good, after, said = compile_unit(copy.unit(unit), only)
        if good and not after:
            continue
        before_good, before, before_said = compile_unit(unit, only)
        if not before_good:
            raise Refused(f"{program.name(unit.file)}: does not compile as it is: {first(before_said, program.tree)}")
        new = [words for words in after - before if not any(mark in words for mark in HARMLESS)]
        if not good or new:
            raise Refused(["the result does not compile: " + line.replace(copy.root + "/", "")
                           for line in said.splitlines()
                           if "error: " in line or any(words in line for words in new)][:6])


def first(said, root):
    found = re.search(r".*error: .*", said)
    return found.group().replace(root + "/", "") if found else said.strip()[:200]


def changed(program, copy_root, paths):
    """What a tool made of files in the copy: path -> new text, for those that differ."""
    result = {}
    for path in paths:
        there = copy_root + path[len(program.tree):]
        whole = text.read(there)
        if whole != program.read(path):
            result[path] = whole
    return result


def show(program, changes):
    for path in sorted(changes):
        sys.stdout.writelines(difflib.unified_diff(
            program.read(path).splitlines(True), changes[path].splitlines(True),
            "a/" + program.name(path), "b/" + program.name(path)))


def keep(program, changes):
    """All files or none: each new text lies beside its file before the first one is replaced."""
    ready = []
    try:
        for path, whole in changes.items():
            if text.read(path) != program.read(path):
                raise Refused(f"{program.name(path)}: was changed meanwhile")
            write(path + ".pond-new", whole)
            shutil.copymode(path, path + ".pond-new")
            ready.append(path)
        for path in changes:
            os.replace(path + ".pond-new", path)
    except OSError as fault:
        for path in changes:
            if path in ready and not os.path.exists(path + ".pond-new"):
                write(path, program.read(path))
        raise Refused(f"nothing is changed: {fault.filename}: {fault.strerror}") from None
    finally:
        for path in changes:
            if os.path.exists(path + ".pond-new"):
                os.unlink(path + ".pond-new")
