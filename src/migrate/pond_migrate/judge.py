# SPDX-License-Identifier: BSD-2-Clause
"""What of the program belongs to a type: its allocations and frees, and what stands in the way of a pond."""
import re

from . import text
from .say import Refused, Wrong

# Of the C library: which argument is the size, which one a count, whether the memory is zeros.
ALLOCATORS = {"malloc": (0, None, False), "calloc": (1, 0, True)}
OTHERS = {"realloc", "reallocarray", "aligned_alloc", "memalign", "valloc", "strdup", "strndup", "xrealloc"}
# Of the C library, what takes a size and returns a pointer, and allocates nothing.
LOOKS = {"bsearch", "lfind", "lsearch", "memcpy", "memmove", "memset", "mempcpy", "memchr", "memccpy"}
GROWS = {"realloc", "reallocarray"}


class Wrapper:
    """A function of the program that does what malloc or free does: how to leave it out."""

    def __init__(self, function, argument, count=None, zeros=False, ends=False):
        self.function, self.argument, self.count = function, argument, count
        self.zeros, self.ends = zeros, ends


class Wrappers:
    """malloc, calloc and free, and the functions around them, whatever number of layers."""

    def __init__(self, facts):
        self.facts = facts
        self.allocators, self.frees = {}, {}
        self.library = {}
        for call in facts.calls.values():
            if call.name in ALLOCATORS and call.callee not in facts.functions:
                self.allocators[call.callee] = Wrapper(None, *ALLOCATORS[call.name])
            elif call.name == "free" and call.callee not in facts.functions:
                self.frees[call.callee] = Wrapper(None, 0)
        while self.more():
            pass

    def more(self):
        """Finds those that are a layer above; True when there were some."""
        found = False
        for function in self.facts.functions.values():
            if function.usr not in self.allocators and function.returns_bytes and self.allocates(function):
                found = True
            if function.usr not in self.frees and self.ends_memory(function):
                found = True
        return found

    def allocates(self, function):
        calls = [call for call in function.calls if call.callee in self.allocators]
        if len(calls) != 1:
            return False
        below = self.allocators[calls[0].callee]
        if below.argument >= len(calls[0].values):
            return False
        size = self.parameter(function, calls[0], below.argument)
        if size is None:
            return False
        count = None
        if below.count is not None and calls[0].sizes[below.count] != 1:
            count = self.parameter(function, calls[0], below.count)
            if count is None:
                return False
        zeros = below.zeros or any(call.name == "memset" for call in function.calls)
        self.allocators[function.usr] = Wrapper(function, size, count, zeros, function.ends or below.ends)
        return True

    @staticmethod
    def parameter(function, call, argument):
        for _, node, _ in call.values[argument]:
            if node in function.parameters:
                return function.parameters.index(node)
        return None

    def ends_memory(self, function):
        for call in function.calls:
            if call.callee in self.frees:
                argument = self.frees[call.callee].argument
                for kind, node, _ in call.values[argument] if argument < len(call.values) else ():
                    if kind == "" and node in function.parameters:
                        self.frees[function.usr] = Wrapper(function, function.parameters.index(node))
                        return True
        return False


class Site:
    """A call that is rewritten, whether it allocates or frees, and which argument is what is freed."""

    def __init__(self, call, wrapper):
        self.call, self.wrapper = call, wrapper


class Case:
    """All that is known of one type."""

    def __init__(self, facts, wrappers, type_name):
        self.facts, self.program, self.wrappers = facts, facts.program, wrappers
        self.asked = type_name.removeprefix("struct ").strip()
        self.usr, self.where = find(facts, type_name)
        self.path, self.start, self.end, self.size, self.spelling, self.tag = self.where
        if "unnamed" in self.spelling or "anonymous" in self.spelling:
            self.spelling = next(n[1] for n, usr in facts.records.items() if isinstance(n, tuple) and usr == self.usr)
        self.reasons, self.gets, self.puts = [], [], []
        places = facts.twice.get(self.usr, ())
        if len(places) > 1:
            raise Refused(", ".join(sorted(self.program.at(*place) for place in places)) +
                          f": {type_name} is defined more than once; --without leaves a file of another program out")
        self.spread()
        self.sort()

    def refuse(self, path, offset, words):
        self.reasons.append(f"{self.program.at(path, offset)}: {words}")

    def spread(self):
        """The places of bytes that an object of the type may come to, and those it is made of, by flows."""
        into, self.tainted = {}, {}
        for kind, node, sink, sink_kind, path, offset in self.facts.flows:
            if kind == self.usr and sink_kind == "":
                self.tainted.setdefault(sink, (path, offset))
            elif kind == "" and node and sink_kind == "":
                into.setdefault(node, []).append((sink, path, offset))
        for call in self.facts.calls.values():
            function = self.facts.functions.get(call.callee)
            for parameter, values in zip(function.parameters if function else (), call.values):
                for kind, node, _ in values:
                    if kind == self.usr:
                        self.tainted.setdefault(parameter, (call.path, call.expansion))
                    elif kind == "" and node:
                        into.setdefault(node, []).append((parameter, call.path, call.expansion))
        todo = list(self.tainted)
        while todo:
            for sink, path, offset in into.get(todo.pop(), ()):
                if sink not in self.tainted:
                    self.tainted[sink] = (path, offset)
                    todo.append(sink)

    def sort(self):
        """Sorts every call: an allocation or a free of the type, one that stands in the way, or none of ours."""
        for call in self.facts.calls.values():
            if call.callee in self.wrappers.allocators:
                self.allocation(call, self.wrappers.allocators[call.callee])
            elif call.callee in self.wrappers.frees:
                self.release(call, self.wrappers.frees[call.callee])
            elif call.name in OTHERS and self.usr in call.becomes:
                grown = call.name in GROWS or call.name == "xrealloc"
                self.refuse(call.path, call.expansion, "is grown with realloc" if grown
                            else f"is allocated by {call.name}")
            elif self.usr in call.size_types and call.name and call.name not in LOOKS and \
                    call.callee not in self.facts.functions and (self.usr in call.becomes or "" in call.becomes):
                self.refuse(call.path, call.expansion, f"is allocated by {call.name}, which no file here defines")
            elif call.name in GROWS and any(kind == self.usr for kind, _, _ in call.values[0]):
                self.refuse(call.path, call.expansion, "is grown with realloc")
            elif call.callee is None and self.usr in call.size_types and \
                    (self.usr in call.becomes or "" in call.becomes):
                self.refuse(call.path, call.expansion, "is allocated by a pointer to a function")
        self.by_pointer()
        self.casts()
        self.unseen()
        if not self.gets and not self.reasons:
            raise Refused(f"{self.program.at(self.path, self.start)}: nothing allocates one {self.spelling}")
        if not self.puts and not self.reasons:
            self.refuse(self.path, self.start, f"nothing frees a {self.spelling}: a pond gains nothing")

    def allocation(self, call, wrapper):
        size, count = wrapper.argument, wrapper.count
        if size >= len(call.values):
            return
        inner = call.inside is not None and call.inside.usr in self.wrappers.allocators
        total = call.sizes[size]
        if count is not None and total is not None:
            total = total * call.sizes[count] if call.sizes[count] is not None else None
        ours = self.usr in call.size_types
        if ours and total == self.size:
            if any(kind not in (self.usr, "") for kind in call.becomes):
                self.refuse(call.path, call.expansion, f"memory for a {self.spelling} is used as another type")
            else:
                self.gets.append(Site(call, wrapper))
        elif self.usr in call.becomes and not inner:
            self.refuse(call.path, call.expansion, "is allocated by another size")
        elif ours and total != self.size and "" not in call.becomes and not call.becomes:
            self.refuse(call.path, call.expansion, "is allocated by another size")

    def release(self, call, wrapper):
        if wrapper.argument >= len(call.values):
            return
        for kind, node, _ in call.values[wrapper.argument]:
            if kind == self.usr:
                if call.parts[wrapper.argument]:
                    self.refuse(call.path, call.expansion, f"the {self.spelling} that is freed is part of something")
                self.does_more(call, wrapper)
                self.puts.append(Site(call, wrapper))
            elif kind == "" and node in self.tainted and not self.is_wrapper_of(call, node):
                at = self.tainted[node]
                self.refuse(call.path, call.expansion,
                            f"may free a {self.spelling}, which became void * at {self.program.at(*at)}")

    def is_wrapper_of(self, call, node):
        """The free within a wrapper of free: its calls are looked at, not it."""
        return call.inside is not None and call.inside.usr in self.wrappers.frees and node in call.inside.parameters

    def does_more(self, call, wrapper):
        """A function that frees what it is given may only say so, or check it."""
        function = wrapper.function
        if function is None:
            return
        others = [other for other in function.calls if other.callee not in self.wrappers.frees and
                  not re.search(r"log|assert|print|debug|trace|stack|panic|abort|exit|valgrind", other.name or "?")]
        if others or function.writes:
            what = f"it calls {others[0].name or 'by a pointer'}, too" if others else "it writes, too"
            self.refuse(call.path, call.expansion, f"is freed by {function.name}, which does more: {what}")

    def by_pointer(self):
        """Where free is a value, what goes about as void * may come to it."""
        if not self.tainted:
            return
        called = {(call.path, call.expansion, call.offset) for call in self.facts.calls.values()}
        became = min(self.program.at(*at) for at in self.tainted.values())
        for at, usr in sorted(self.facts.mentions.items()):
            if usr in self.wrappers.frees and at not in called:
                self.refuse(at[0], at[1], f"free is a value here: it may free a {self.spelling}, "
                                          f"which became void * at {became}")

    def casts(self):
        """Another type that shares the memory, and is allocated or freed as such."""
        own = set()
        for call in self.facts.calls.values():
            if call.callee in self.wrappers.allocators:
                own.update(call.size_types)
            elif call.callee in self.wrappers.frees:
                for values in call.values:
                    own.update(kind for kind, _, _ in values if kind)
        for source, to, path, offset in self.facts.casts:
            other = to if source == self.usr else source if to == self.usr else None
            if other and other != self.usr and other in own:
                name = self.facts.records.get(other)
                self.refuse(path, offset, f"is taken for a {name[4] if name else 'another structure'}, "
                                          "which is allocated or freed, too")

    def unseen(self):
        """Allocations in text that this build does not compile."""
        words = re.escape(self.tag or self.spelling)
        for typedef in self.typedefs():
            words += "|" + re.escape(typedef)
        shape = re.compile(r"\b\w*alloc\w*\s*\([^;{}]*?\bsizeof\s*\(?\s*(?:struct\s+)?(?:" + words + r")\b\s*\)")
        known = {path: set() for path in self.files()}
        for call in self.facts.calls.values():
            known.setdefault(call.path, set()).update((text.line_of(self.program.read(call.path), call.offset),
                                                       text.line_of(self.program.read(call.path), call.expansion)))
        for path in self.files():
            whole = self.program.read(path)
            plain = text.blank(whole)
            for found in shape.finditer(plain):
                line = whole[text.line_start(whole, found.start()):found.start()]
                span = range(text.line_of(whole, found.start()), text.line_of(whole, found.end()) + 1)
                if not known[path].intersection(span) and not re.match(r"\s*#\s*define", line):
                    self.refuse(path, found.start(), f"allocates a {self.spelling} in code that this build leaves out")

    def typedefs(self):
        return [name[1] for name, usr in self.facts.records.items() if isinstance(name, tuple) and usr == self.usr]

    def files(self):
        found = set()
        for unit in self.facts.includes.values():
            found.update(path for path in unit if self.program.has(path))
        return sorted(found)

    def users(self, path):
        """The units that a change of a file changes."""
        return [unit for unit in self.program.units if path in self.facts.includes.get(unit.file, ())]

    def zeros(self):
        return any(site.wrapper.zeros for site in self.gets)


def find(facts, name):
    """A type by its tag or its typedef: (usr, where)."""
    tag = name.removeprefix("struct ").strip()
    usr = facts.records.get(("typedef", tag))
    candidates = {u: w for u, w in facts.records.items() if isinstance(u, str) and w is not None and
                  (u == usr or w[5] == tag)}
    if usr in candidates and not name.startswith("struct "):
        return usr, candidates[usr]
    if len(candidates) > 1:
        places = ", ".join(facts.program.at(w[0], w[1]) for w in candidates.values())
        raise Refused(f"{places}: there are several types {tag}")
    if not candidates:
        raise Wrong(f"no file defines a structure {tag}")
    return next(iter(candidates.items()))
