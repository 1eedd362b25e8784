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
    "    pond-prof verdict pid:1234                      is what grows a leak?\n"
    "\n"
    "Commands:\n"
    "    get SOURCE -o FILE               saves a profile\n"
    "    top SOURCE                       functions by what was got in them and in what they call\n"
    "    diff BASE LIVE                   the same of the difference, the grown first\n"
    "    flame [--base BASE] SOURCE       a flame graph, as one SVG file for a browser\n"
    "    record -o FILE -- COMMAND...     runs a program that uses libpond, and keeps its profile\n"
    "    verdict SOURCE                   what grows: leak, slow leak, held, warming up, filling or growing\n"
    "    watch SOURCE [--exec CMD]        asks for verdicts again and again, and tells of what is new\n"
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

#define FAST                                                                                                 \
    "    --fast N         divides all times of the rule by N, 1 to 1000: for demonstrations, in which a "    \
    "second is to be\n"                                                                                      \
    "                     a minute, by --fast 60. 512 KiB a minute are then so many in a second\n"

static const char help_verdict[] =
    "    pond-prof verdict pid:1234\n"
    "    pond-prof verdict http://localhost:6060 || echo 'something grows'\n"
    "    pond-prof verdict --all heap.pb.gz\n"
    "\n"
    "Judges each stack by the ages of what it has in use, by how long others of its objects lived, and by "
    "the "
    "troughs of\n"
    "its pond, all of which a program with libpond notes while its gets are sampled:\n"
    "\n"
    "    leak         what it gets does not end, comes evenly, and adds up by 512 KiB a minute or more\n"
    "    slow leak    the same by less, and more than could be by chance\n"
    "    filling      one of these or growing, in a pond with max_objects: when will it be full?\n"
    "    held         a few objects are far older than all others of their stack: a worker that never ends\n"
    "    growing      the pond has 512 KiB a minute more, and why is not known yet\n"
    "    warming up   what comes stays, but ever less comes, or it came at once\n"
    "    too early    it was watched for less than 15 minutes\n"
    "    steady       all others\n"
    "\n"
    "It cannot know of periods that are longer than it has watched. The exit status is 0 when all are steady "
    "or it is too\n"
    "early, 1 when something else was found, and 2 when something failed.\n"
    "\n"
    "    --all            says something of the steady ones, too\n" FAST
    "    -o, --output FILE  where to; else standard output\n";

static const char help_watch[] =
    "    pond-prof watch pid:1234\n"
    "    pond-prof watch http://localhost:6060 --every 60 --exec 'mail -s \"$POND_VERDICT in "
    "$POND_FUNCTION\" "
    "me'\n"
    "\n"
    "Asks for verdicts (pond-prof help verdict) again and again, until SIGINT or SIGTERM end it. Of each "
    "that "
    "is not steady\n"
    "and appears or changes it tells on standard output, and to the command CMD of the shell, which has the "
    "sentences on\n"
    "its standard input, and POND_VERDICT, POND_NAME (of the pond) and POND_FUNCTION (where it gets) in its "
    "environment.\n"
    "A SOURCE that does not answer is told once, and asked on.\n"
    "\n"
    "    --every SECONDS  how often, 1 to 86400; else 60\n"
    "    --exec CMD       runs for each; it is waited for, and ended after 60 seconds\n" FAST;

const char *help_of(const char *name)
{
    static const char *const all[][2] = {
        {"get", help_get},       {"top", help_top},         {"diff", help_diff},   {"flame", help_flame},
        {"record", help_record}, {"verdict", help_verdict}, {"watch", help_watch}, {"help", help_general}};
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
