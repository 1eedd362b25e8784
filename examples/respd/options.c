/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

const char server_name[] = "respd";

static const char help[] =
    "usage: respd [option...]\n"
    "Speaks Redis' protocol on 127.0.0.1 and keeps nothing: ECHO and PING answer what they are sent, SET is\n"
    "answered OK and its value dropped, GET knows no key. What it is for is the way there and back.\n"
    "\n" SERVER_HELP("6379");

static void take(void *options, int letter, const char *value)
{
    server_option(options, letter, value, help);
}

void options_read(struct server_options *o, int argc, char **argv)
{
    static const struct option known[] = {SERVER_KNOWN};
    *o = server_defaults(6379);
    options_parse(argc, argv, known, take, o);
}
