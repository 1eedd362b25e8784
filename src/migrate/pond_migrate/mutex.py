# SPDX-License-Identifier: BSD-2-Clause
"""A list of spare objects behind a mutex becomes a pond, by the rules of freelist.cocci (Coccinelle), in a copy."""
import os
import re
import shutil
import subprocess

from . import trial
from .say import Refused, Wrong

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def by_rules(program, facts, chosen, get, put):
    if shutil.which("spatch") is None:
        raise Wrong("a list behind a mutex needs spatch (Debian: coccinelle)")
    homes = [f.path for f in facts.functions.values() if f.name == get]
    if len(homes) != 1:
        raise Refused(f"no file defines {get}" if not homes else f"{get} is defined more than once")
    files = sorted({path for unit in facts.includes.values() for path in unit if program.has(path)})
    files = homes + [path for path in files if path not in homes]
    tag = chosen.type.removeprefix("struct ")
    with trial.Copy(program, {}) as copy:
        there = [copy.root + path[len(program.tree):] for path in files]
        done = subprocess.run(
            ["spatch", "--very-quiet", "--macro-file", os.path.join(HERE, "macros.h"), "--recursive-includes",
             "--include-headers-for-types", "--sp-file", os.path.join(HERE, "freelist.cocci"), "-D", "t=" + tag,
             "-D", "get=" + get, "-D", "put=" + put, "--in-place"] + there,
            capture_output=True, text=True, errors="replace", check=False)
        said = [line.replace(copy.root + "/", "") for line in done.stderr.splitlines()
                if line and not line.startswith("warning: ")]
        if said:
            raise Refused([line.replace(": nothing is changed", "") for line in said[:6]])
        changes = trial.changed(program, copy.root, files)
    if not any(re.search(r"^POND_DEFINE\(" + re.escape(tag) + ",", whole, re.M) for whole in changes.values()):
        raise Refused(f"{get} and {put}: no function of such a shape")
    return {path: tidied(whole, tag) for path, whole in changes.items()}


def tidied(whole, tag):
    """What spatch cannot write: macros without a semicolon, an empty line behind POND_DEFINE, the header."""
    whole = re.sub(r"^(POND_DE(?:CLARE|FINE)\(" + re.escape(tag) + r",[^;]*?\));$", r"\1", whole, flags=re.M)
    whole = re.sub(r"^(POND_DEFINE\(" + re.escape(tag) + r",[^\n]*\)\n)\n*", r"\1\n", whole, flags=re.M)
    if "POND_DECLARE(" in whole and "<pond/typed.h>" not in whole:
        declared = whole.find("POND_DECLARE(")
        ends = [m.end() for m in re.finditer(r"^#\s*include[^\n]*\n", whole, re.M) if m.start() < declared]
        at = ends[-1] if ends else declared
        whole = whole[:at] + "#include <pond/typed.h>\n" + whole[at:]
    return whole
