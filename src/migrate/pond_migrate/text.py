# SPDX-License-Identifier: BSD-2-Clause
"""C as text: where a call ends, what its arguments are, which lines are under an #if. Offsets are those of bytes in
latin-1, so that they are libclang's whatever the file's encoding is."""
import re

LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)


def read(path):
    with open(path, encoding="latin-1", newline="") as file:
        return file.read()


def blank(text):
    """The text with strings, characters and comments as blanks of the same length."""
    return LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def close(text, at):
    """The offset behind the bracket that closes the one at `at`, or None. The text is blanked."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i + 1
    return None


def call(text, at):
    """(end, [arguments]) of the call whose name begins at `at`; None where no call stands there."""
    plain = blank(text)
    name = re.compile(r"\w+\s*").match(plain, at)
    if not name or name.end() >= len(plain) or plain[name.end()] != "(":
        return None
    end = close(plain, name.end())
    return end and (end, arguments(text, plain, name.end() + 1, end - 1))


def arguments(text, plain, start, end):
    found, depth, begin = [], 0, start
    for i in range(start, end):
        if plain[i] in "([{":
            depth += 1
        elif plain[i] in ")]}":
            depth -= 1
        elif plain[i] == "," and depth == 0:
            found.append(text[begin:i].strip())
            begin = i + 1
    last = text[begin:end].strip()
    return found + [last] if found or last else []


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def line_start(text, at):
    return text.rfind("\n", 0, at) + 1


def line_end(text, at):
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(ifdef|ifndef|if|endif|include)\b[^\n]*", re.M)


def directives(text):
    """(offset, end, word, depth) of each #if, #endif and #include; an include guard is no depth."""
    found, depth = [], 0
    guard = is_guarded(text)
    for m in DIRECTIVE.finditer(re.sub(r"/\*.*?\*/", lambda c: re.sub(r"[^\n]", " ", c.group()), text, flags=re.S)):
        word = m.group(1)
        if word == "endif":
            depth -= 1
        found.append((m.start(), line_end(text, m.end() - 1), word, depth - guard))
        if word.startswith("if"):
            depth += 1
    return found


def is_guarded(text):
    bare = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    return int(re.match(r"\s*(#\s*pragma[^\n]*\s*)?#\s*(ifndef\s+(\w+)|if\s+!\s*defined\s*\(?\s*(\w+)\s*\)?)\s*\n"
                        r"\s*#\s*define\s+(\3|\4)\b", bare) is not None)


def depth_at(text, at):
    """How many #ifs, but for an include guard, are open at this offset."""
    depth = 0
    for start, _, word, _ in directives(text):
        if start >= at:
            break
        depth += 1 if word.startswith("if") else -1 if word == "endif" else 0
    return depth - is_guarded(text)
