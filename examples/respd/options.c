/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "options.h"
#include "sight.h"

const char server_name[] = "respd";

static const char help[] =
    "usage: respd [option...]\n"
    "Speaks Redis' protocol on 127.0.0.1 and keeps nothing: ECHO and PING answer what they are sent, SET is\n"
    "answered OK and its value dropped, GET knows no key. What it is for is the way there and back.\n"
    "\n"
    "  --sight PORT          pages, profiles and metrics of the ponds on http://127.0.0.1:PORT/debug/pond; "
    "0: a\n"
    "                        port that is free, printed at start. POND_PROFILE says how many gets are "
    "sampled\n" SERVER_HELP("6379");

static void take(void *options, int letter, const char *value)
{
    struct options *o = options;
    if (letter != 'S') {
        server_option(&o->server, letter, value, help);
        return;
    }
    if (!sight_can_serve)
        option_wrong("this respd was built without libpond-profile, and cannot serve on port ", value);
    o->sighted = true;
    o->sight_port = (uint16_t)option_number("sight", value, 0, UINT16_MAX);
}

void options_read(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {{"sight", required_argument, NULL, 'S'}, SERVER_KNOWN};
    *o = (struct options){.server = server_defaults(6379)};
    options_parse(argc, argv, known, take, o);
}
