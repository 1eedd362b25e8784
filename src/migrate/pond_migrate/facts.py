# SPDX-License-Identifier: BSD-2-Clause
"""What a program does with pointers, whatever the type: calls, where values go, casts. One walk over each function.

A pointer's whereabouts are nodes: a variable, parameter or member is the name that libclang gives it in all units
(its USR), what a function returns is that with #ret."""
import os

from clang.cindex import CursorKind as Kind
from clang.cindex import TypeKind

from .program import evaluate, spelled

BYTES = {TypeKind.VOID, TypeKind.CHAR_S, TypeKind.CHAR_U, TypeKind.SCHAR, TypeKind.UCHAR}
THROUGH = {Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR, Kind.CSTYLE_CAST_EXPR}
NO_RETURN = {"exit", "_exit", "_Exit", "abort", "err", "errx", "verr", "verrx", "__assert_fail", "quick_exit"}


class Leaf:
    """An expression that a pointer comes from: its type before any cast, and where it is kept."""

    def __init__(self, cursor, casts):
        self.cursor, self.casts = cursor, casts
        self.type = target(cursor.type)
        inner = next(iter(cursor.get_children()), None) if cursor.kind == Kind.UNARY_OPERATOR else None
        self.part = inner is not None and inner.type.get_canonical().kind == TypeKind.RECORD
        self.node, self.call = None, None
        if cursor.kind in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR) and cursor.referenced is not None:
            self.node = cursor.referenced.get_usr()
        elif cursor.kind == Kind.CALL_EXPR:
            callee = cursor.referenced
            self.node = callee.get_usr() + "#ret" if callee is not None else None
            self.call = cursor


def target(kind):
    """What a pointer of this type points to: the name of a structure, "" for bytes, None for anything else."""
    kind = kind.get_canonical()
    if kind.kind in (TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY):
        return None
    if kind.kind != TypeKind.POINTER:
        return None
    pointee = kind.get_pointee().get_canonical()
    if pointee.kind == TypeKind.RECORD:
        return pointee.get_declaration().get_usr()
    return "" if pointee.kind in BYTES else None


def leaves(cursor, casts=()):
    """Where an expression's value may come from, through casts, brackets and ?:."""
    children = list(cursor.get_children())
    if cursor.kind in THROUGH and children:
        if cursor.kind == Kind.CSTYLE_CAST_EXPR:
            casts += (target(cursor.type),)
        values = [child for child in children if child.kind.is_expression()]
        if len(values) == 1:
            yield from leaves(values[0], casts)
            return
    if cursor.kind == Kind.CONDITIONAL_OPERATOR and len(children) == 3:
        yield from leaves(children[1], casts)
        yield from leaves(children[2], casts)
        return
    if cursor.kind == Kind.StmtExpr:
        yield from statement_value(children, casts)
        return
    if cursor.kind == Kind.BINARY_OPERATOR and len(children) == 2 and target(cursor.type) is not None and \
            children[0].kind in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR):
        yield from leaves(children[1], casts)
    yield Leaf(cursor, casts)


def statement_value(children, casts):
    block = list(children[0].get_children()) if children else []
    if block and block[-1].kind.is_expression():
        yield from leaves(block[-1], casts)


class Call:
    """A call: whom, from which function, where, and what goes in."""

    def __init__(self, cursor, inside, path):
        self.inside, self.path = inside, path
        callee = cursor.referenced
        is_function = callee is not None and callee.kind == Kind.FUNCTION_DECL
        self.callee = callee.get_usr() if is_function else None
        self.name = callee.spelling if is_function else None
        self.expansion, self.offset = cursor.extent.start.offset, spelled(cursor.extent.start)
        self.values, self.sizes, self.parts = [], [], []
        for argument in cursor.get_arguments():
            self.add(argument)
        self.size_types = []
        if target(cursor.type) is not None:
            for argument in cursor.get_arguments():
                sizeof_types(argument, self.size_types)
        self.becomes = set()

    def add(self, argument):
        found = list(leaves(argument))
        self.values.append([(leaf.type, leaf.node, leaf.casts) for leaf in found])
        self.parts.append(any(leaf.part for leaf in found))
        is_integer = argument.type.get_canonical().kind.value in range(3, 24)
        self.sizes.append(evaluate(argument) if is_integer else None)

    def key(self):
        return (self.path, self.expansion, self.offset, self.name)


def sizeof_types(cursor, found):
    """Adds the structures whose sizes an expression names; sizeof(struct x *) names x as well, and is none."""
    if cursor.kind == Kind.CXX_UNARY_EXPR:
        for child in cursor.get_children():
            kind = child.type.get_canonical()
            if kind.kind == TypeKind.RECORD and evaluate(cursor) == kind.get_size():
                found.append(kind.get_declaration().get_usr())
        return
    for child in cursor.get_children():
        sizeof_types(child, found)


class Function:
    """What is defined: for wrappers of malloc and free."""

    def __init__(self, cursor, path):
        self.usr, self.name, self.path = cursor.get_usr(), cursor.spelling, path
        self.offset = cursor.extent.start.offset
        self.end = cursor.extent.end.offset
        self.returns_bytes = target(cursor.result_type) == ""
        self.parameters = [argument.get_usr() for argument in cursor.get_arguments()]
        self.calls, self.writes, self.ends = [], 0, False


class Facts:
    """What was seen in all units so far."""

    def __init__(self, program):
        self.program = program
        self.functions, self.calls, self.flows, self.casts = {}, {}, [], []
        self.mentions, self.macros, self.instances, self.seen = {}, {}, {}, set()
        self.records, self.twice, self.includes, self.faults = {}, {}, {}, []

    def unit(self, unit):
        """Adds what a unit does, but for functions of headers that were seen in another."""
        tree = self.program.parse(unit)
        for said in tree.diagnostics:
            if said.severity >= 3 and said.location.file is not None:
                self.faults.append(f"{self.program.name(said.location.file.name)}:{said.location.line}: "
                                   f"cannot be read: {said.spelling}")
        files = {str(include.include) for include in tree.get_includes()}
        self.includes[unit.file] = {real(unit, file) for file in files} | {unit.file}
        for cursor in tree.cursor.get_children():
            file = cursor.location.file
            path = real(unit, file.name) if file is not None else None
            if path is None or not self.program.has(path):
                self.outside(cursor)
                continue
            self.top(cursor, path)

    def outside(self, cursor):
        if cursor.kind in (Kind.STRUCT_DECL, Kind.UNION_DECL) and cursor.is_definition():
            self.records.setdefault(cursor.get_usr(), None)

    def top(self, cursor, path):
        start = cursor.extent.start.offset
        if cursor.kind == Kind.MACRO_DEFINITION:
            self.macros.setdefault(cursor.spelling, (path, start, cursor.extent.end.offset))
        elif cursor.kind == Kind.MACRO_INSTANTIATION:
            self.instances.setdefault(path, {}).setdefault(start, (cursor.extent.end.offset, cursor.spelling))
        elif cursor.kind == Kind.INCLUSION_DIRECTIVE or (path, start, cursor.kind, cursor.spelling) in self.seen:
            return
        else:
            self.seen.add((path, start, cursor.kind, cursor.spelling))
            self.declaration(cursor, path)

    def declaration(self, cursor, path):
        if cursor.kind == Kind.FUNCTION_DECL and cursor.is_definition():
            function = Function(cursor, path)
            self.functions[function.usr] = function
            self.walk(cursor, function, path)
        elif cursor.kind in (Kind.STRUCT_DECL, Kind.UNION_DECL, Kind.TYPEDEF_DECL, Kind.VAR_DECL):
            self.record(cursor, path, cursor)
            if cursor.kind == Kind.VAR_DECL:
                self.walk(cursor, None, path)

    def record(self, cursor, path, top):
        """Notes where structures are defined: those within others, too."""
        if cursor.kind in (Kind.STRUCT_DECL, Kind.UNION_DECL) and cursor.is_definition():
            self.twice.setdefault(cursor.get_usr(), set()).add((path, cursor.extent.start.offset))
            if self.records.get(cursor.get_usr()) is None:
                self.records[cursor.get_usr()] = (path, top.extent.start.offset, top.extent.end.offset,
                                                  cursor.type.get_size(), cursor.type.spelling, cursor.spelling)
        if cursor.kind == Kind.TYPEDEF_DECL:
            kind = cursor.underlying_typedef_type.get_canonical()
            if kind.kind == TypeKind.RECORD:
                self.records[("typedef", cursor.spelling)] = kind.get_declaration().get_usr()
                known = self.records.get(kind.get_declaration().get_usr())
                if known and known[0] == path and known[1] >= cursor.extent.start.offset and \
                        known[2] <= cursor.extent.end.offset:
                    self.records[kind.get_declaration().get_usr()] = \
                        (path, cursor.extent.start.offset, cursor.extent.end.offset) + known[3:]
        for child in cursor.get_children():
            if child.kind in (Kind.STRUCT_DECL, Kind.UNION_DECL, Kind.FIELD_DECL):
                self.record(child, path, top)

    def walk(self, cursor, inside, path):
        for child in cursor.get_children():
            kind = child.kind
            if kind == Kind.CALL_EXPR:
                self.called(child, inside, path)
            elif kind == Kind.VAR_DECL:
                self.initialised(child, inside, path)
            elif kind == Kind.BINARY_OPERATOR:
                self.assigned(child, inside, path)
            elif kind == Kind.RETURN_STMT and inside is not None:
                for value in child.get_children():
                    self.flow(value, inside.usr + "#ret", None, path)
            elif kind == Kind.CSTYLE_CAST_EXPR:
                self.cast(child, path)
            elif kind == Kind.DECL_REF_EXPR and child.referenced is not None and \
                    child.referenced.kind == Kind.FUNCTION_DECL:
                self.named(child, path)
            self.walk(child, inside, path)

    def called(self, cursor, inside, path):
        call = Call(cursor, inside, path)
        call = self.calls.setdefault(call.key(), call)
        if inside is not None:
            call.inside = inside
            inside.calls.append(call)
            callee = cursor.referenced
            if call.name in NO_RETURN or (callee is not None and "noreturn" in callee.type.spelling):
                inside.ends = True
        for argument in cursor.get_arguments():
            for leaf in leaves(argument):
                if leaf.call is not None:
                    self.become(leaf, target(argument.type), path)

    def named(self, cursor, path):
        """A function's name, as whom a call calls or as a value: judge.py tells these apart."""
        if cursor.type.get_canonical().spelling == "void (void *)":
            at = (path, cursor.extent.start.offset, spelled(cursor.extent.start))
            self.mentions[at] = cursor.referenced.get_usr()

    def initialised(self, cursor, inside, path):
        values = [child for child in cursor.get_children() if child.kind.is_expression()]
        if values and target(cursor.type) is not None:
            self.flow(values[-1], cursor.get_usr(), target(cursor.type), path)

    def assigned(self, cursor, inside, path):
        children = list(cursor.get_children())
        if len(children) != 2 or target(cursor.type) is None:
            return
        if inside is not None:
            inside.writes += 1
        for leaf in leaves(children[0]):
            self.flow(children[1], leaf.node or f"{path}@{cursor.extent.start.offset}", target(cursor.type), path)

    def flow(self, value, sink, sink_type, path):
        for leaf in leaves(value):
            into = sink_type if sink_type is not None else target(value.type)
            self.flows.append((leaf.type, leaf.node, sink, into, path, value.extent.start.offset))
            if leaf.call is not None:
                self.become(leaf, into, path)

    def become(self, leaf, into, path):
        call = Call(leaf.call, None, path)
        call = self.calls.setdefault(call.key(), call)
        call.becomes.update(t for t in leaf.casts + (into,) if t)

    def cast(self, cursor, path):
        to = target(cursor.type)
        for leaf in leaves(cursor):
            if to and leaf.type and to != leaf.type:
                self.casts.append((leaf.type, to, path, cursor.extent.start.offset))
            if to and leaf.call is not None:
                self.become(leaf, to, path)


REAL = {}


def real(unit, name):
    key = (unit.directory, name)
    if key not in REAL:
        REAL[key] = os.path.realpath(os.path.join(unit.directory, name))
    return REAL[key]
