// SPDX-License-Identifier: BSD-2-Clause
// pond-prof: looks at heap profiles of ponds, and at any other that Go's pprof reads.
#include "../launch/launch.h"
#include "command.h"

#include <curl/curl.h>
#include <errno.h>
#include <pond/pond.h>
#include <string.h>

typedef struct command {
    const char *name;
    int (*run)(int count, char **words);
} command;

static const command commands[] = {{"get", command_get},       {"top", command_top},
                                   {"diff", command_diff},     {"flame", command_flame},
                                   {"record", command_record}, {"verdict", command_verdict},
                                   {"watch", command_watch},   {"help", command_help}};

static bool is(const char *word, const char *short_form, const char *long_form)
{
    return strcmp(word, short_form) == 0 || strcmp(word, long_form) == 0;
}

// What was printed may not have arrived: on a full disk, say.
static int end(int status)
{
    if (status != 0 || fflush(stdout) == 0 || errno == EPIPE)
        return status;
    trouble t = {""};
    fail_note(&t, "standard output: it cannot be written: %s.", strerror(errno));
    return tell(&t);
}

int main(int count, char **words)
{
    launch_ignore_sigpipe();
    if (count < 2) {
        fputs(help_general, stderr);
        return STATUS_FAILED;
    }
    if (is(words[1], "-h", "--help")) {
        fputs(help_general, stdout);
        return end(0);
    }
    if (is(words[1], "-V", "--version")) {
        puts("pond-prof " POND_VERSION);
        return end(0);
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, words[1]) == 0)
            return end(commands[i].run(count - 1, words + 1));
    }
    fprintf(stderr, "pond-prof: there is no command '%s': `pond-prof --help` lists them.\n", words[1]);
    return STATUS_FAILED;
}
