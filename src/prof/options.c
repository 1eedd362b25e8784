// SPDX-License-Identifier: BSD-2-Clause
// Options of the commands. One table; each command allows some of its letters.
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct option long_options[] = {{"output", required_argument, NULL, 'o'},
                                             {"number", required_argument, NULL, 'n'},
                                             {"cum", no_argument, NULL, 'c'},
                                             {"exact", no_argument, NULL, 'x'},
                                             {"value", required_argument, NULL, 'v'},
                                             {"focus", required_argument, NULL, 'f'},
                                             {"pond", required_argument, NULL, 'p'},
                                             {"state", required_argument, NULL, 's'},
                                             {"base", required_argument, NULL, 'b'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

int tell(const trouble *t)
{
    progress_end();
    fputs("pond-prof: ", stderr);
    put_name(stderr, t->text);
    fputc('\n', stderr);
    return STATUS_FAILED;
}

int usage(const char *command, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        text[length - 1] = '\0';
    fprintf(stderr, "pond-prof %s: ", command);
    put_name(stderr, text);
    fprintf(stderr, " (`pond-prof %s --help` shows how it is used).\n", command);
    return STATUS_FAILED;
}

static bool read_number(long *number, const char *text)
{
    char *rest;
    errno = 0;
    *number = strtol(text, &rest, 10);
    return rest != text && *rest == '\0' && errno == 0 && *number >= 0;
}

bool read_factor(double *factor, const char *text, double most)
{
    char *rest;
    *factor = strtod(text, &rest);
    return rest != text && *rest == '\0' && *factor >= 1 && *factor <= most;
}

// One option. False: it cannot be taken, and *t says why.
static bool take(options *o, int letter, trouble *t)
{
    switch (letter) {
    case 'o':
        o->output = optarg;
        return true;
    case 'n':
        return read_number(&o->style.most, optarg) || fail(t, "-n %s is not a number of rows.", optarg);
    case 'c':
        return o->style.cum = true;
    case 'x':
        return o->style.exact = true;
    case 'v':
        o->pick.value = optarg;
        return true;
    case 'f':
        return pick_focus(&o->pick, optarg, t);
    case 'p':
        o->pick.pond = optarg;
        return true;
    case 's':
        o->pick.state = optarg;
        return true;
    default:
        o->base = optarg;
        return true;
    }
}

// What getopt_long did not know or lacked.
static int mistake(const char *command, int letter, char **words)
{
    const char *word = words[optind - 1];
    if (letter == ':')
        return usage(command, "%s needs a value.", word);
    return usage(command, "there is no option '%s'.", word);
}

int options_read(options *o, const char *command, const char *allowed, int count, char **words)
{
    *o = (options){.style.most = 30};
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(count, words, ":o:n:cxv:f:p:s:b:h", long_options, NULL)) != -1;) {
        trouble t = {""};
        if (letter == '?' || letter == ':')
            return mistake(command, letter, words);
        if (letter == 'h') {
            fputs(help_of(command), stdout);
            return OPTIONS_HELPED;
        }
        if (strchr(allowed, letter) == NULL)
            return usage(command, "it has no option '%s'.",
                         words[optind - 1 - (optarg == words[optind - 1])]);
        if (!take(o, letter, &t))
            return usage(command, "%s", t.text);
    }
    o->sources = words + optind;
    o->source_count = count - optind;
    return 0;
}
