# SPDX-License-Identifier: BSD-2-Clause
# What `make help` prints of the makefiles that it is given: each target with a comment "## TEXT" in its line, under a
# heading for the directory that the makefile is in.
BEGIN {
    order = split("src test examples bench", rooms)
    heading["src"] = "Build and install:"
    heading["test"] = "Test:"
    heading["examples"] = "Examples and demonstrations:"
    heading["bench"] = "Measure:"
}
FNR == 1 {
    split(FILENAME, path, "/")
    room = path[1] in heading ? path[1] : path[1] == ".ci" ? "test" : "src"
}
/^[a-z][a-z0-9-]*:[^#]*## / {
    name = text = $0
    sub(/:.*/, "", name)
    sub(/^[^#]*## */, "", text)
    lines[room] = lines[room] sprintf("  make %-19s %s\n", name, text)
}
END {
    for (i = 1; i <= order; i++)
        if (rooms[i] in lines)
            printf "%s%s\n%s", (i > 1 ? "\n" : ""), heading[rooms[i]], lines[rooms[i]]
}
