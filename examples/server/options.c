/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "options.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void option_wrong(const char *what, const char *value)
{
    fprintf(stderr, "%s: %s%s; %s --help lists the options.\n", server_name, what, value, server_name);
    exit(2);
}

unsigned long option_number(const char *option, const char *text, unsigned long min, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < min || n > max) {
        fprintf(stderr, "%s: --%s takes a number from %lu to %lu, not \"%s\".\n", server_name, option, min,
                max, text);
        exit(2);
    }
    return n;
}

static bool pooled(const char *alloc)
{
    if (strcmp(alloc, "pond") != 0 && strcmp(alloc, "malloc") != 0)
        option_wrong("--alloc is pond or malloc, not ", alloc);
    return strcmp(alloc, "pond") == 0;
}

void server_option(struct server_options *o, int letter, const char *value, const char *help)
{
    switch (letter) {
    case 'p':
        o->port = (uint16_t)option_number("port", value, 0, UINT16_MAX);
        break;
    case 't':
        o->threads = (unsigned)option_number("threads", value, 1, 1024);
        break;
    case 'k':
        o->tick_ms = (unsigned)option_number("tick", value, 1, 3600 * 1000);
        break;
    case 'a':
        o->pooled = pooled(value);
        break;
    case 'b':
        o->budget = option_number("budget", value, 0, LONG_MAX);
        break;
    case 's':
        o->send_buffer = (int)option_number("send-buffer", value, 0, INT_MAX / 2);
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    case ':':
        option_wrong("a value is missing after ", value);
    default:
        option_wrong("unknown option ", value);
    }
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 1024 ? 1024 : (unsigned)n;
}

struct server_options server_defaults(uint16_t port)
{
    return (struct server_options){.port = port, .threads = processors(), .tick_ms = 1000, .pooled = true};
}

void options_parse(int argc, char **argv, const struct option *known, option_taker *take, void *options)
{
    int letter;
    while ((letter = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        bool mistake = letter == '?' || letter == ':';
        take(options, letter, mistake ? argv[optind - 1] : optarg);
    }
    if (optind < argc)
        option_wrong("unknown argument ", argv[optind]);
}
