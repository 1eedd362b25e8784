/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "options.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: gzipd [option...]\n"
    "Serves the files below a directory on 127.0.0.1, gzip-compressed for each request.\n"
    "\n"
    "  --root DIR            the directory (default: the current one)\n"
    "  --port N              the TCP port; 0: one that is free, printed at start (default 8080)\n"
    "  --threads N           threads that serve (default: one per processor)\n"
    "  --tick MS             milliseconds between two ticks of ageing (default 1000)\n"
    "  --level N             compression level, 1 to 9 (default 6)\n"
    "  --alloc pond|malloc   where streams, buffers and request contexts come from (default pond)\n"
    "  --budget N            most idle objects one tick drops; 0: no bound (default 0)\n"
    "  --send-buffer BYTES   what the kernel keeps for a client that reads slowly; 0: as it is set\n"
    "  --log                 a line per request\n"
    "  --help                this text\n"
    "\n"
    "SIGUSR1 prints a line of statistics per pond; SIGINT and SIGTERM end the server.\n";

static _Noreturn void wrong(const char *what, const char *value)
{
    fprintf(stderr, "gzipd: %s%s; gzipd --help lists the options.\n", what, value);
    exit(2);
}

/* The number in text, which must be min to max. */
static unsigned long number(const char *option, const char *text, unsigned long min, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < min || n > max) {
        fprintf(stderr, "gzipd: --%s takes a number from %lu to %lu, not \"%s\".\n", option, min, max, text);
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
    case 'r':
        o->root = value;
        break;
    case 'p':
        o->port = (uint16_t)number("port", value, 0, UINT16_MAX);
        break;
    case 't':
        o->threads = (unsigned)number("threads", value, 1, 1024);
        break;
    case 'k':
        o->tick_ms = (unsigned)number("tick", value, 1, 3600 * 1000);
        break;
    case 'l':
        o->level = (int)number("level", value, 1, 9);
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
    case 'L':
        o->log = true;
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
        {"root", required_argument, NULL, 'r'},
        {"port", required_argument, NULL, 'p'},
        {"threads", required_argument, NULL, 't'},
        {"tick", required_argument, NULL, 'k'},
        {"level", required_argument, NULL, 'l'},
        {"alloc", required_argument, NULL, 'a'},
        {"budget", required_argument, NULL, 'b'},
        {"log", no_argument, NULL, 'L'},
        {"send-buffer", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *o = (struct options){
        .root = ".", .port = 8080, .threads = processors(), .tick_ms = 1000, .level = 6, .pooled = true};
    int letter;
    while ((letter = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        bool mistake = letter == '?' || letter == ':';
        set(o, letter, mistake ? argv[optind - 1] : optarg);
    }
    if (optind < argc)
        wrong("unknown argument ", argv[optind]);
    struct stat st;
    if (stat(o->root, &st) != 0 || !S_ISDIR(st.st_mode))
        wrong("there is no directory ", o->root);
}
