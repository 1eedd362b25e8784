/* SPDX-License-Identifier: BSD-2-Clause */
/* How gzipd and respd read their command lines, and the options that both have. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server_options {
    uint16_t port;    /* 0: one that is free */
    unsigned threads; /* that serve */
    unsigned tick_ms; /* between two ticks of ageing */
    bool pooled;      /* --alloc=pond; false: --alloc=malloc */
    size_t budget;    /* pond_tick_budget; 0: no bound */
    int send_buffer;  /* bytes the kernel keeps for a slow client; 0: as the system is set */
};

extern const char server_name[]; /* each server's own: it begins what is reported */

/* Their rows for getopt_long, and their lines of --help. */
/* clang-format off */
#define SERVER_KNOWN                                                                                         \
    {"port", required_argument, NULL, 'p'}, {"threads", required_argument, NULL, 't'},                       \
    {"tick", required_argument, NULL, 'k'}, {"alloc", required_argument, NULL, 'a'},                         \
    {"budget", required_argument, NULL, 'b'}, {"send-buffer", required_argument, NULL, 's'},                 \
    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}
/* clang-format on */
#define SERVER_HELP(port)                                                                                    \
    "  --port N              the TCP port; 0: one that is free, printed at start (default " port ")\n"       \
    "  --threads N           threads that serve (default: one per processor)\n"                              \
    "  --tick MS             milliseconds between two ticks of ageing (default 1000)\n"                      \
    "  --alloc pond|malloc   where objects come from (default pond)\n"                                       \
    "  --budget N            most idle objects one tick drops; 0: no bound (default 0)\n"                    \
    "  --send-buffer BYTES   what the kernel keeps for a client that reads slowly; 0: as it is set\n"        \
    "  --help                this text\n"                                                                    \
    "\n"                                                                                                     \
    "SIGUSR1 prints a line of statistics per pond, SIGUSR2 switches sampling of the ponds on and off;\n"     \
    "SIGINT and SIGTERM end the server.\n"

struct server_options server_defaults(uint16_t port);

/* Hands each option to `take`, by its letter; `take` hands to server_option what is none of its own. */
typedef void option_taker(void *options, int letter, const char *value);
void options_parse(int argc, char **argv, const struct option *known, option_taker *take, void *options);
void server_option(struct server_options *o, int letter, const char *value, const char *help);

/* A mistake ends the program with status 2: "<server>: <what><value>; ...", or a number out of its bounds. */
_Noreturn void option_wrong(const char *what, const char *value);
unsigned long option_number(const char *option, const char *text, unsigned long min, unsigned long max);

#endif
