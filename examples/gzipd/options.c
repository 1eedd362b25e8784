/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"
#include "plant.h"
#include "profile.h"
#include "sight.h"
#include <sys/stat.h>

const char server_name[] = "gzipd";

static const char help[] =
    "usage: gzipd [option...]\n"
    "Serves the files below a directory on 127.0.0.1, gzip-compressed for each request.\n"
    "\n"
    "  --root DIR            the directory (default: the current one)\n"
    "  --level N             compression level, 1 to 9 (default 6)\n"
    "  --log                 a line per request\n"
    "  --profile FILE        SIGUSR1 writes a heap profile of the ponds, too: to FILE, then FILE.2, FILE.3, "
    "...;\n"
    "                        POND_PROFILE in the environment says how many gets are sampled\n"
    "  --sight PORT|PATH     pages, profiles and metrics of the ponds on http://127.0.0.1:PORT/debug/pond "
    "(0: a\n"
    "                        port that is free, printed at start), or on a unix socket at PATH, of this "
    "user's\n"
    "                        alone; POND_PROFILE says how many gets are sampled\n"
    "  --plant FAULT         a fault on purpose, for demonstrations: objects that are never put back. FAULT "
    "is\n"
    "                          leak   of 1,000 requests one is remembered for ever (leak/N: of N)\n"
    "                          slow   of 20,000 requests one is (slow/N: of N)\n"
    "                          held   some jobs of a background worker never end, and keep what they got\n"
    "                                 (held/N: at most N of them, else 32)\n"
    "                          grown  notes on what was served get longer and longer\n"
    "                        or what looks like one for a while:\n"
    "                          warm   a cache is filled by one request of 10 (warm/N: of N), ever less\n"
    "                          filling  one request of 100 (filling/N: of N) opens a session in a pond with\n"
    "                                 max_objects, and nobody ends it\n" SERVER_HELP("8080");

static void plant(struct options *o, const char *name)
{
    const char *wrong = plant_choose(name);
    if (wrong != NULL)
        option_wrong(wrong, name);
    o->planted = true;
}

static void take(void *options, int letter, const char *value)
{
    struct options *o = options;
    switch (letter) {
    case 'r':
        o->root = value;
        break;
    case 'l':
        o->level = (int)option_number("level", value, 1, 9);
        break;
    case 'L':
        o->log = true;
        break;
    case 'P':
        if (!profile_can_write)
            option_wrong("this gzipd was built without libpond-profile, and cannot write ", value);
        o->profile = value;
        break;
    case 'S':
        if (!sight_can_serve)
            option_wrong("this gzipd was built without libpond-http, and cannot serve ", value);
        o->sight = value;
        break;
    case 'F':
        plant(o, value);
        break;
    default:
        server_option(&o->server, letter, value, help);
    }
}

void options_read(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {{"root", required_argument, NULL, 'r'},
                                          {"level", required_argument, NULL, 'l'},
                                          {"log", no_argument, NULL, 'L'},
                                          {"profile", required_argument, NULL, 'P'},
                                          {"plant", required_argument, NULL, 'F'},
                                          {"sight", required_argument, NULL, 'S'},
                                          SERVER_KNOWN};
    struct stat st;
    *o = (struct options){.server = server_defaults(8080), .root = ".", .level = 6};
    options_parse(argc, argv, known, take, o);
    if (stat(o->root, &st) != 0 || !S_ISDIR(st.st_mode))
        option_wrong("there is no directory ", o->root);
    if (o->planted && !o->server.pooled)
        option_wrong("--plant takes objects from ponds", ", there are none with --alloc=malloc");
}
