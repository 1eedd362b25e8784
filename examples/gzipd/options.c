/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"
#include <sys/stat.h>

const char server_name[] = "gzipd";

static const char help[] =
    "usage: gzipd [option...]\n"
    "Serves the files below a directory on 127.0.0.1, gzip-compressed for each request.\n"
    "\n"
    "  --root DIR            the directory (default: the current one)\n"
    "  --level N             compression level, 1 to 9 (default 6)\n"
    "  --log                 a line per request\n" SERVER_HELP("8080");

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
    default:
        server_option(&o->server, letter, value, help);
    }
}

void options_read(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {{"root", required_argument, NULL, 'r'},
                                          {"level", required_argument, NULL, 'l'},
                                          {"log", no_argument, NULL, 'L'},
                                          SERVER_KNOWN};
    struct stat st;
    *o = (struct options){.server = server_defaults(8080), .root = ".", .level = 6};
    options_parse(argc, argv, known, take, o);
    if (stat(o->root, &st) != 0 || !S_ISDIR(st.st_mode))
        option_wrong("there is no directory ", o->root);
}
