// SPDX-License-Identifier: BSD-2-Clause
// The command line.
#include "scout.h"

#include <getopt.h>
#include <pond/pond.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: pond-scout [option...] -- COMMAND [ARGUMENT...]\n"
    "       pond-scout [option...] --read DIR\n"
    "Runs a program and says which of its objects belong in a pond: how often they are got, how long they "
    "live,\n"
    "how many of the gets a pond with a tick a second would have served, and the lines of C to write.\n"
    "\n"
    "  -o, --output FILE    the table, to FILE (default: standard output)\n"
    "  -j, --json FILE      the same as JSON, to FILE\n"
    "  -n, --rows N         so many rows of each kind (default 20; 0: all)\n"
    "      --least N        gets a second from which on a pond is worth it (default 10)\n"
    "      --process PID    of this process, where the command has several (default: that of the most gets)\n"
    "      --keep DIR       make DIR and leave there what was counted\n"
    "      --read DIR       of what is there, or is being counted there by another pond-scout\n"
    "      --rate N         record so many objects a second at most, and draw from more (default 250000)\n"
    "      --depth N        tell call sites apart by so many functions of the program, 1 to 8 (default 3)\n"
    "      --tick MS        the simulated ponds' tick (default 1000)\n"
    "  -h, --help; -V, --version\n";

enum { LEAST = 256, PROCESS, KEEP, READ, RATE, DEPTH, TICK };

static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                      {"json", required_argument, NULL, 'j'},
                                      {"rows", required_argument, NULL, 'n'},
                                      {"least", required_argument, NULL, LEAST},
                                      {"process", required_argument, NULL, PROCESS},
                                      {"keep", required_argument, NULL, KEEP},
                                      {"read", required_argument, NULL, READ},
                                      {"rate", required_argument, NULL, RATE},
                                      {"depth", required_argument, NULL, DEPTH},
                                      {"tick", required_argument, NULL, TICK},
                                      {"help", no_argument, NULL, 'h'},
                                      {"version", no_argument, NULL, 'V'},
                                      {NULL, 0, NULL, 0}};

static unsigned long number(const char *option, unsigned long least, unsigned long most)
{
    char *rest;
    unsigned long n = strtoul(optarg, &rest, 10);
    if (optarg[0] < '0' || optarg[0] > '9' || *rest != '\0' || n < least || n > most)
        end_with("%s takes a number from %lu to %lu, not '%s'.", option, least, most, optarg);
    return n;
}

static void print_and_end(const char *text)
{
    fputs(text, stdout);
    exit(fflush(stdout) == 0 ? 0 : 2);
}

static void take_number(asked *a, int letter)
{
    switch (letter) {
    case 'n':
        a->rows = (long)number("--rows", 0, 100000);
        break;
    case LEAST:
        a->least = (double)number("--least", 0, 1000000000);
        break;
    case PROCESS:
        a->process = (long)number("--process", 1, 1ul << 30);
        break;
    case RATE:
        a->rate = number("--rate", 1000, 100000000);
        break;
    case DEPTH:
        a->depth = number("--depth", 1, SCOUT_DEPTH);
        break;
    default:
        a->tick_ms = number("--tick", 1, 3600000);
    }
}

static void take(asked *a, int letter, const char *word)
{
    if (letter == 'h')
        print_and_end(help);
    if (letter == 'V')
        print_and_end("pond-scout " POND_VERSION "\n");
    if (letter == ':')
        end_with("%s needs a value; `pond-scout --help` lists the options.", word);
    if (letter == '?')
        end_with("there is no option '%s' (the command's own come after --).", word);
    if (letter == 'o')
        a->output = optarg;
    else if (letter == 'j')
        a->json = optarg;
    else if (letter == KEEP)
        a->keep = optarg;
    else if (letter == READ)
        a->read = optarg;
    else
        take_number(a, letter);
}

void options_read(asked *a, int count, char **words)
{
    *a = (asked){.rows = 20, .rate = 250000, .depth = 3, .tick_ms = 1000, .least = 10};
    opterr = 0;
    for (int letter; (letter = getopt_long(count, words, "+:o:j:n:hV", known, NULL)) != -1;)
        take(a, letter, words[optind - 1]);
    a->command = words + optind;
    if (a->read == NULL && optind == count)
        end_with("it takes a command to run: pond-scout -- COMMAND; `pond-scout --help` lists the options.");
    if (a->read != NULL && optind != count)
        end_with("--read takes no command, and '%s' is one.", words[optind]);
}
