/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "options.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: respd [option...]\n"
    "Speaks Redis' protocol on 127.0.0.1 and keeps nothing: ECHO and PING answer what they are sent, SET is\n"
    "answered OK and its value dropped, GET knows no key. What it is for is the way there and back.\n"
    "\n"
    "  --port N              the TCP port; 0: one that is free, printed at start (default 6379)\n"
    "  --threads N           threads that serve, each with an event loop (default: one per processor)\n"
    "  --tick MS             milliseconds between two ticks of ageing (default 1000)\n"
    "  --alloc pond|malloc   where connections, buffers, requests and batches come from (default pond)\n"
    "  --budget N            most idle objects one tick drops; 0: no bound (default 0)\n"
    "  --send-buffer BYTES   what the kernel keeps for a client that reads slowly; 0: as the system has it "
    "set\n"
    "  --help                this text\n"
    "\n"
    "SIGUSR1 prints a line of statistics per pond; SIGINT and SIGTERM end the server.\n";

static _Noreturn void wrong(const char *what, const char *value)
{
    fprintf(stderr, "respd: %s%s; respd --help lists the options.\n", what, value);
    exit(2);
}

/* The number in text, which must be min to max. */
static unsigned long number(const char *option, const char *text, unsigned long min, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < min || n > max) {
        fprintf(stderr, "respd: --%s takes a number from %lu to %lu, not \"%s\".\n", option, min, max, text);
        exit(2);
    }
    return n;
}

static bool pooled(const char *alloc)
{
    if (strcmp(alloc, "pond") != 0 && strcmp(alloc, "malloc") != 0)
        wrong("--alloc is pond or malloc, not ", alloc);
    return strcmp(alloc, "pond") == 0;
}

static void set(struct options *o, int letter, const char *value)
{
    switch (letter) {
    case 'p':
        o->port = (uint16_t)number("port", value, 0, UINT16_MAX);
        break;
    case 't':
        o->threads = (unsigned)number("threads", value, 1, 1024);
        break;
    case 'k':
        o->tick_ms = (unsigned)number("tick", value, 1, 3600 * 1000);
        break;
    case 'a':
        o->pooled = pooled(value);
        break;
    case 'b':
        o->budget = number("budget", value, 0, LONG_MAX);
        break;
    case 's':
        o->send_buffer = (int)number("send-buffer", value, 0, INT_MAX / 2);
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    case ':':
        wrong("a value is missing after ", value);
    default:
        wrong("unknown option ", value);
    }
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 1024 ? 1024 : (unsigned)n;
}

void options_read(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},   {"threads", required_argument, NULL, 't'},
        {"tick", required_argument, NULL, 'k'},   {"alloc", required_argument, NULL, 'a'},
        {"budget", required_argument, NULL, 'b'}, {"send-buffer", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    *o = (struct options){.port = 6379, .threads = processors(), .tick_ms = 1000, .pooled = true};
    int letter;
    while ((letter = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        bool mistake = letter == '?' || letter == ':';
        set(o, letter, mistake ? argv[optind - 1] : optarg);
    }
    if (optind < argc)
        wrong("unknown argument ", argv[optind]);
}
