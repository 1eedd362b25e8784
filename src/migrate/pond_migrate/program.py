# SPDX-License-Identifier: BSD-2-Clause
"""The program: its files, how each is compiled, and libclang's view of it."""
import ctypes
import json
import os
import shlex
import subprocess

from clang import cindex

from . import text
from .say import Wrong

LIB = cindex.conf.lib
LIB.clang_Cursor_Evaluate.argtypes = [cindex.Cursor]
LIB.clang_Cursor_Evaluate.restype = ctypes.c_void_p
LIB.clang_EvalResult_getKind.argtypes = [ctypes.c_void_p]
LIB.clang_EvalResult_getAsLongLong.argtypes = [ctypes.c_void_p]
LIB.clang_EvalResult_getAsLongLong.restype = ctypes.c_longlong
LIB.clang_EvalResult_dispose.argtypes = [ctypes.c_void_p]
WHERE = [cindex.SourceLocation, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_uint),
         ctypes.POINTER(ctypes.c_uint), ctypes.POINTER(ctypes.c_uint)]
LIB.clang_getSpellingLocation.argtypes = WHERE
LIB.clang_getFileName.argtypes = [ctypes.c_void_p]
EVAL_INT = 1


def evaluate(cursor):
    """The constant that an expression is, or None."""
    result = LIB.clang_Cursor_Evaluate(cursor)
    if not result:
        return None
    value = LIB.clang_EvalResult_getAsLongLong(result) if LIB.clang_EvalResult_getKind(result) == EVAL_INT else None
    LIB.clang_EvalResult_dispose(result)
    return value


def spelled(location):
    """The offset where the characters of a location stand, also within the arguments of a macro."""
    file, line, column, offset = ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    LIB.clang_getSpellingLocation(location, ctypes.byref(file), ctypes.byref(line), ctypes.byref(column),
                                  ctypes.byref(offset))
    return offset.value


class Unit:
    """One file that is compiled, and how."""

    def __init__(self, file, directory, command):
        self.file, self.directory, self.command = file, directory, command

    def flags(self):
        """What libclang has to know of the command: where headers are, what is defined, which standard."""
        keep, words = [], iter(self.command[1:])
        for word in words:
            if word in ("-I", "-D", "-U", "-include", "-isystem", "-idirafter", "-iquote"):
                keep += [word, next(words, "")]
            elif word.startswith(("-I", "-D", "-U", "-std=", "-isystem", "-iquote", "-f", "-m", "-pthread")):
                keep.append(word)
        return keep

    def moved(self, old, new):
        """The same unit where the tree `old` lies at `new`; what lies outside of it stays where it is."""
        def move(word):
            if old + "/" in word:
                return word.replace(old + "/", new + "/")
            for option in ("-I", "-isystem", "-iquote", ""):
                path = word.removeprefix(option)
                if word.startswith(option) and path.startswith("../"):
                    full = os.path.realpath(os.path.join(self.directory, path))
                    return word if full.startswith(old + "/") or full == old else option + full
            return word
        directory = move(self.directory + "/").rstrip("/")
        return Unit(move(self.file), directory, [move(word) for word in self.command])


def only_compile(command):
    """A compile command without its output."""
    words, result = iter(command), []
    for word in words:
        if word in ("-o", "-MF", "-MT", "-MQ"):
            next(words, None)
        elif word not in ("-c", "-MD", "-MMD", "-MP", "-S") and not word.startswith("-Wp,-M"):
            result.append(word)
    return result + ["-c", "-o", "/dev/null"]


class Program:
    """All units below `root`; only files below it are looked at and changed. Compilers run within `tree`."""

    def __init__(self, root, units, tree=None):
        self.root, self.units, self.texts = root, units, {}
        self.tree = os.path.commonpath([root, tree or root] + [unit.directory for unit in units])
        if self.tree == "/" or self.tree == os.path.expanduser("~"):
            self.tree = root
        self.resource, self.extra = None, []

    def read(self, path):
        if path not in self.texts:
            self.texts[path] = text.read(path)
        return self.texts[path]

    def has(self, path):
        return path.startswith(self.root + "/") and os.path.isfile(path)

    def name(self, path):
        return os.path.relpath(path, self.root)

    def at(self, path, offset):
        return f"{self.name(path)}:{text.line_of(self.read(path), offset)}"

    def parse(self, unit):
        """libclang's tree of a unit; diagnostics are looked at, since what does not parse is not seen."""
        if self.resource is None:
            self.resource = resource_directory()
        index = cindex.Index.create()
        flags = unit.flags() + self.extra + ["-w", "-ferror-limit=5", "-working-directory=" + unit.directory] + self.resource
        here = os.getcwd()
        try:
            tree = index.parse(unit.file, args=flags, options=cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        except cindex.TranslationUnitLoadError:
            raise Wrong(f"{self.name(unit.file)} cannot be read") from None
        finally:
            os.chdir(here)  # libclang goes to the working directory that it was given
        return tree


def resource_directory():
    """Where the headers of clang itself are, when a clang is there; gcc's will do otherwise."""
    for command, flags in ((["clang", "-print-resource-dir"], "-resource-dir"),
                           (["clang-14", "-print-resource-dir"], "-resource-dir"),
                           (["gcc", "-print-file-name=include"], "-isystem")):
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            continue
        return [flags, said]
    return []


def from_database(path, root):
    """The units of a compile_commands.json."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
        units = {}
        for row in rows:
            command = row.get("arguments") or shlex.split(row["command"])
            file = os.path.realpath(os.path.join(row["directory"], row["file"]))
            if file.endswith(".c"):
                units.setdefault(file, Unit(file, os.path.realpath(row["directory"]), command))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Wrong(f"{path}: is no compile_commands.json: {fault}") from None
    tree = os.path.dirname(os.path.realpath(path))
    root = os.path.realpath(root or tree)
    return Program(root, [unit for unit in units.values() if unit.file.startswith(root + "/")], tree)


def from_files(files, flags, root):
    """Units from names of files and the flags for all of them."""
    for file in files:
        if not os.path.isfile(file):
            raise Wrong(f"{file}: there is no such file")
    paths = [os.path.realpath(file) for file in files]
    here = os.path.realpath(root or os.path.commonpath([os.path.dirname(path) for path in paths]))
    compiler = shlex.split(os.environ.get("CC", "cc"))
    units = [Unit(path, os.getcwd(), compiler + flags + ["-c", path]) for path in paths if path.endswith(".c")]
    return Program(here, units)
