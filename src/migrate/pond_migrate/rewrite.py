# SPDX-License-Identifier: BSD-2-Clause
"""The new text of each file: calls, the pond's declaration and definition, the header."""
import re

from . import text
from .say import Refused

ENDINGS = ("get", "put", "discard", "pond", "pond_object", "put_scoped", "pond_get", "pond_put", "pond_discard",
           "get_or_end")


class Names:
    """What the pond's functions are called: as nothing else in the program is."""

    def __init__(self, case, wish):
        base = case.asked.lower() if case.asked.isupper() else case.asked
        base = base.removesuffix("_t").lstrip("_")
        taken = set()
        for path in case.files():
            taken.update(re.findall(r"\w+", text.blank(case.program.read(path))))
        tries = [wish] if wish else [base, "pooled_" + base, base + "_from_pond", "pond_of_" + base]
        for name in tries:
            clash = [ending for ending in ENDINGS if f"{name}_{ending}" in taken]
            if not clash:
                self.name = name
                return
        raise Refused(f"the program has a {tries[-1]}_{clash[0]} already: choose another name with --name")

    def of(self, ending):
        return f"{self.name}_{ending}"


class Rewriting:
    """Edits of a case: path -> [(start, end, new text)]."""

    def __init__(self, case, wish=None):
        self.case, self.program, self.edits = case, case.program, {}
        self.names = Names(case, wish)
        self.must = next((site for site in case.gets if site.wrapper.ends), None)
        for site in case.gets:
            self.site(site, self.get_text)
        for site in case.puts:
            self.site(site, self.put_text)
        self.declare()
        self.define()

    def edit(self, path, start, end, new):
        edits = self.edits.setdefault(path, [])
        if (start, end, new) not in edits:
            edits.append((start, end, new))

    def get_text(self, site, _):
        return self.names.of("get_or_end" if site.wrapper.ends else "get") + "()"

    def put_text(self, site, arguments):
        return f"{self.names.of('put')}({arguments[site.wrapper.argument]})"

    def site(self, site, made):
        """One call becomes another: where it stands, or where the macro stands that it comes from."""
        call = site.call
        whole = self.program.read(call.path)
        macro = self.macro_at(call)
        if macro is None:
            found = text.call(whole, call.offset)
            if found is None or not whole.startswith(call.name, call.offset):
                raise Refused(f"{self.program.at(call.path, call.expansion)}: {call.name} is called in a way "
                              "that cannot be rewritten")
            start = call.offset - self.cast_before(whole, call.offset) if made == self.get_text else call.offset
            self.edit(call.path, start, found[0], made(site, found[1]))
            return
        start, end, name = macro
        self.edit(call.path, start, end, self.expanded(site, made, name, whole[start:end]))

    def cast_before(self, whole, at):
        """The length of a cast to the type that stands before a call: it says no more than the call."""
        words = "|".join(re.escape(w) for w in [self.case.spelling] + self.case.typedefs())
        found = re.search(r"\(\s*(?:" + words + r")\s*\*\s*\)\s*$", whole[max(0, at - 120):at])
        return len(found.group()) if found else 0

    def macro_at(self, call):
        """(start, end, name) of the macro whose text has the call; None for a call in the program's own text."""
        macros = self.case.facts.instances.get(call.path, {})
        whole = self.program.read(call.path)
        if whole.startswith(call.name, call.offset) and text.call(whole, call.offset) and \
                (call.offset != call.expansion or call.expansion not in macros):
            return None
        if call.expansion in macros:
            end, name = macros[call.expansion]
            return call.expansion, end, name
        return None

    def expanded(self, site, made, name, use):
        """A macro's use as its text with the call rewritten."""
        call = site.call
        at = self.program.at(call.path, call.expansion)
        if name not in self.case.facts.macros:
            raise Refused(f"{at}: the macro {name} is not the program's own")
        path, start, end = self.case.facts.macros[name]
        definition = re.sub(r"\\\r?\n", " ", self.program.read(path)[start:end])
        shape = re.match(r"\w+\(([^)]*)\)\s*(.*)", definition, re.S)
        found = text.call(use, 0)
        if not shape or not found or "#" in text.blank(shape.group(2)) or "__VA_ARGS__" in definition:
            raise Refused(f"{at}: the macro {name} cannot be written out")
        parameters = [p.strip() for p in shape.group(1).split(",")]
        if len(parameters) != len(found[1]):
            raise Refused(f"{at}: the macro {name} cannot be written out")
        values = dict(zip(parameters, found[1]))
        body = re.sub(r"/\*.*?\*/", " ", shape.group(2), flags=re.S)
        body = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: values.get(m.group(), m.group()), body)
        body = re.sub(r"\s+", " ", body).strip()
        inner = re.search(r"\b" + re.escape(call.name) + r"\s*\(", body)
        written = inner and text.call(body, inner.start())
        if not written:
            raise Refused(f"{at}: the macro {name} calls {call.name} by way of another macro")
        body = body[:inner.start()] + made(site, written[1]) + body[written[0]:]
        return body

    def declare(self):
        """POND_DECLARE behind the structure, and the header before it."""
        case = self.case
        whole = self.program.read(case.path)
        plain = text.blank(whole)
        at = plain.find(";", case.end - 1)
        at = text.line_end(whole, at)
        lines = [f"POND_DECLARE({self.names.name}, {case.spelling})"]
        if self.must:
            lines.append(f"{case.spelling} *{self.names.of('get_or_end')}(void);")
        lines = "\n".join(lines) + "\n"
        if "<pond/typed.h>" not in whole[:at]:
            place = self.include_place(whole, case.start)
            if place is None:
                lines = "#include <pond/typed.h>\n" + lines
            else:
                self.edit(case.path, place, place, "#include <pond/typed.h>\n")
        self.edit(case.path, at, at, lines)

    @staticmethod
    def include_place(whole, before):
        """Behind the last #include that no #if goes around, of those before an offset."""
        ends = [end for start, end, word, depth in text.directives(whole)
                if word == "include" and depth == 0 and start < before]
        return ends[-1] if ends else None

    def define(self):
        """POND_DEFINE before the first function that allocates, of those under the fewest #ifs."""
        case = self.case
        homes = [site.call for site in case.gets if site.call.inside and site.call.path.endswith(".c")]
        if not homes:
            raise Refused(f"{self.program.at(case.path, case.start)}: no function of a .c file allocates one")
        home = min(homes, key=lambda call: (text.depth_at(self.program.read(call.path), call.inside.offset),
                                            call.path, call.inside.offset))
        whole = self.program.read(home.path)
        at = above(whole, home.inside.offset)
        fields = ", .flags = POND_ZERO_ON_PUT" if case.zeros() else ""
        words = f"POND_DEFINE({self.names.name}, {case.spelling}{fields})\n"
        self.edit(home.path, at, at, words + self.never_null(at) + "\n")

    def never_null(self, _):
        """Where a wrapper ends the program for want of memory, so does the pond's get: by that wrapper."""
        if not self.must:
            return ""
        call = self.must.call
        whole = self.program.read(call.path)
        macro = self.macro_at(call)
        found = None if macro else text.call(whole, call.offset)
        if not found or len(found[1]) != 1:
            raise Refused(f"{self.program.at(call.path, call.expansion)}: {call.name} ends the program for want of "
                          "memory, and takes more than a size")
        made, get = self.names.of("get_or_end"), self.names.of("get")
        return (f"\n/* Never NULL: where there is no memory, {call.name} ends the program in its own words. */\n"
                f"{self.case.spelling} *{made}(void)\n{{\n    {self.case.spelling} *made = {get}();\n"
                f"    return made != NULL ? made : {call.name}((size_t)-1 / 2);\n}}\n")

    def files(self):
        """path -> new text."""
        result = {}
        for path, edits in self.edits.items():
            whole = self.program.read(path)
            order = sorted(range(len(edits)), key=lambda i: (edits[i][0], edits[i][1], i), reverse=True)
            for start, end, new in (edits[i] for i in order):
                whole = whole[:start] + new + whole[end:]
            result[path] = whole
        return result


def above(whole, at):
    """Before a function's comment and whatever else stands on the lines right above it."""
    at = text.line_start(whole, at)
    while at > 0:
        before = text.line_start(whole, at - 1)
        line = whole[before:at].strip()
        if line.endswith("*/"):
            opening = whole.rfind("/*", 0, at)
            at = text.line_start(whole, opening)
        elif line == "" or line.startswith("#") or line.endswith((";", "}", ")")) and not line.startswith("//"):
            return at
        else:
            at = before
    return at
