// SPDX-License-Identifier: BSD-2-Clause
// What --help prints: examples first.
#include "command.h"

#include <string.h>

const char help_general[] =
    "Who got the objects that are in use: heap profiles of ponds, in a terminal and as pictures.\n"
    "\n"
    "    pond-prof record -o heap.svg -- ./server        run it, then draw what was in use at its end\n"
    "    pond-prof top http://localhost:6060             what a running server has in use, by function\n"
    "    pond-prof get pid:1234 -o before.pb.gz          keep a profile of a process\n"
    "    pond-prof diff before.pb.gz pid:1234            what has grown since\n"
    "    pond-prof flame --base before.pb.gz pid:1234 -o grown.svg\n"
    "\n"
    "Commands:\n"
    "    get SOURCE -o FILE               saves a profile\n"
    "    top SOURCE                       functions by what was got in them and in what they call\n"
    "    diff BASE LIVE                   the same of the difference, the grown first\n"
    "    flame [--base BASE] SOURCE       a flame graph, as one SVG file for a browser\n"
    "    record -o FILE -- COMMAND...     runs a program that uses libpond, and keeps its profile\n"
    "    help [COMMAND]                   this, or what `pond-prof COMMAND --help` prints\n"
    "\n"
    "A SOURCE is a file (- is standard input), http://HOST:PORT[/PATH], unix:/PATH of a socket, or "
    "pid:NUMBER of a\n"
    "process that serves its profile on a unix socket. The path on a server is /debug/pprof/heap unless it "
    "is told.\n"
    "Files are profile.proto, gzipped or not, as Go's pprof writes and reads them. The exit status is 2 "
    "when\n"
    "something failed. man pond-prof says the rest.\n";

#define FILTERS                                                                                              \
    "    --focus REGEX    only samples with a function or file that matches\n"                               \
    "    --pond NAME      only those of this pond\n"                                                         \
    "    --state STATE    only those in this state: live, or idle as local, shared, victim\n"
#define VALUES                                                                                               \
    "    --value NAME     inuse_space (the usual one), inuse_objects, alloc_space, alloc_objects;\n"         \
    "                     whatever the profile has\n"

static const char help_get[] = "    pond-prof get http://localhost:6060 -o heap.pb.gz\n"
                               "    pond-prof get unix:/run/server.sock -o heap.pb.gz\n"
                               "    pond-prof get pid:1234 -o heap.pb.gz\n"
                               "\n"
                               "Saves the profile of a SOURCE as it is, when it is one.\n"
                               "\n"
                               "    -o, --output FILE  where to; else standard output\n";

static const char help_top[] = "    pond-prof top heap.pb.gz\n"
                               "    pond-prof top --cum -n 10 --pond conns --state live pid:1234\n"
                               "\n"
                               "Lists functions: flat is what was got in the function itself, cum what was "
                               "got in it and in what it called; sum\n"
                               "adds up the flat column. Percentages are of the whole profile.\n"
                               "\n"
                               "    --cum            sorted by cum\n"
                               "    -n ROWS          how many; 0: all. Else 30\n" VALUES FILTERS
                               "    --exact          numbers that are not rounded\n"
                               "    -o, --output FILE  where to; else standard output\n";

static const char help_diff[] =
    "    pond-prof diff before.pb.gz after.pb.gz\n"
    "    pond-prof diff --state live before.pb.gz pid:1234\n"
    "\n"
    "Lists functions by how much more (first) or less (then) there is in LIVE than in BASE, largest first. "
    "Functions are\n"
    "the same by name and file, so profiles of a process and its successor can be compared. Percentages are "
    "of BASE.\n"
    "\n"
    "    --cum            sorted by cum\n"
    "    -n ROWS          the largest changes, so many; 0: all. Else 30\n" VALUES FILTERS
    "    --exact          numbers that are not rounded\n"
    "    -o, --output FILE  where to; else standard output\n";

static const char help_flame[] =
    "    pond-prof flame heap.pb.gz -o heap.svg\n"
    "    pond-prof flame --base before.pb.gz pid:1234 -o grown.svg\n"
    "\n"
    "Draws a flame graph into one SVG file, which opens in a browser without network. A click on a frame "
    "zooms, and on\n"
    "\"reset zoom\" (or Esc) leads back; / or Ctrl-F searches by a regular expression, and tells the total "
    "of what\n"
    "matches. Outermost are the state of the objects and their pond.\n"
    "\n"
    "    --base BASE      the difference: red has grown since, blue has shrunk; a frame is as wide as the "
    "larger one\n" VALUES FILTERS "    -o, --output FILE  where to; else standard output\n";

static const char help_record[] =
    "    pond-prof record -o heap.svg -- ./server --port 8080\n"
    "    pond-prof record -o heap.pb.gz --rate 64k -- make test\n"
    "\n"
    "Runs a command with POND_PROFILE set, and keeps the profile that it writes when it exits: as a picture "
    "when the name\n"
    "ends with .svg, else as it is. Each process of the command that uses ponds writes one; a picture is of "
    "all of them,\n"
    "and other files of more than the first get the process's number. SIGINT, SIGTERM, SIGHUP and SIGQUIT "
    "are passed on.\n"
    "Returns the command's status, 128 and more where a signal killed it, and 2 where there is no profile.\n"
    "\n"
    "    -o, --output FILE  where to\n"
    "    --rate BYTES     mean bytes got between two samples, as 512k (the usual one) or 1M; 1: every get\n"
    "    --value NAME     for a picture: inuse_space (the usual one), alloc_space...\n";

const char *help_of(const char *name)
{
    static const char *const all[][2] = {{"get", help_get},       {"top", help_top},
                                         {"diff", help_diff},     {"flame", help_flame},
                                         {"record", help_record}, {"help", help_general}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i][0], name) == 0)
            return all[i][1];
    }
    return NULL;
}

int command_help(int count, char **words)
{
    const char *text = help_of(count > 1 ? words[1] : "help");
    if (count > 1 && (strcmp(words[1], "-h") == 0 || strcmp(words[1], "--help") == 0))
        text = help_general;
    if (count > 2 || text == NULL)
        return usage("help", "it takes the name of a command.");
    fputs(text, stdout);
    return 0;
}
