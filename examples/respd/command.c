/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "command.h"
#include <pond/pond.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The texts are short: they fit. */
__attribute__((format(printf, 2, 3))) static void say(struct request *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(r->text, sizeof(r->text), format, arguments);
    va_end(arguments);
    r->text_size = (size_t)n < sizeof(r->text) ? (size_t)n : sizeof(r->text) - 1;
}

/* As say, for what goes out millions of times. */
static void say_plain(struct request *r, const char *text)
{
    r->text_size = strlen(text);
    memcpy(r->text, text, r->text_size);
}

/* "$5\r\n": at most 11 characters, for lengths to RESP_LARGEST. */
static size_t put_length(char *text, size_t n)
{
    char digits[12];
    size_t first = sizeof(digits), size;
    digits[--first] = '\n';
    digits[--first] = '\r';
    do
        digits[--first] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    digits[--first] = '$';
    size = sizeof(digits) - first;
    memcpy(text, digits + first, size);
    return size;
}

/* A bulk string: a short one is copied; a long one is sent from where it was received. */
static void say_bulk(struct request *r, struct slice s)
{
    r->text_size = put_length(r->text, s.size);
    if (s.size + r->text_size + 2 > sizeof(r->text)) {
        r->body = s;
        return;
    }
    memcpy(r->text + r->text_size, s.bytes, s.size);
    memcpy(r->text + r->text_size + s.size, "\r\n", 2);
    r->text_size += s.size + 2;
}

static bool is(struct slice s, const char *name)
{
    return s.size == strlen(name) && strncasecmp((const char *)s.bytes, name, s.size) == 0;
}

static void ping(struct request *r)
{
    if (r->command.count == 2)
        say_bulk(r, r->command.arguments[1]);
    else
        say_plain(r, "+PONG\r\n");
}

static void echo(struct request *r)
{
    say_bulk(r, r->command.arguments[1]);
}

static void ok(struct request *r)
{
    say_plain(r, "+OK\r\n");
}

static void nil(struct request *r)
{
    say_plain(r, "$-1\r\n");
}

static void empty(struct request *r)
{
    say_plain(r, "*0\r\n");
}

/* CONFIG GET of anything: it is not set. redis-benchmark asks for two of them. */
static void config(struct request *r)
{
    struct slice name = r->command.count == 3 ? r->command.arguments[2] : (struct slice){0};
    if (!is(r->command.arguments[1], "get") || name.size > 64)
        say(r, "-ERR CONFIG: there is nothing to configure\r\n");
    else
        say(r, "*2\r\n$%zu\r\n%.*s\r\n$0\r\n\r\n", name.size, (int)name.size, (const char *)name.bytes);
}

static void info(struct request *r)
{
    static const char text[] = "# Server\r\nrespd_keeps:nothing\r\npond_version:" POND_VERSION "\r\n";
    say(r, "$%zu\r\n%s\r\n", sizeof(text) - 1, text);
}

static const struct known {
    const char *name;
    size_t least, most; /* how many words, the name included */
    void (*answer)(struct request *);
} known_commands[] = {
    {"echo", 2, 2, echo},     {"ping", 1, 2, ping},
    {"get", 2, 2, nil},       {"set", 3, RESP_MOST_ARGUMENTS, ok},
    {"config", 2, 3, config}, {"command", 1, RESP_MOST_ARGUMENTS, empty},
    {"info", 1, 2, info},     {"select", 2, 2, ok},
    {"quit", 1, 1, ok},
};

static const struct known *find(struct slice name)
{
    for (size_t i = 0; i < sizeof(known_commands) / sizeof(known_commands[0]); i++)
        if (is(name, known_commands[i].name))
            return &known_commands[i];
    return NULL;
}

/* What a client sent is shown up to its first unprintable character: an error is one line. */
static void unknown(struct request *r, struct slice name)
{
    int shown = 0;
    while ((size_t)shown < name.size && shown < 64 && name.bytes[shown] > ' ' && name.bytes[shown] < 127)
        shown++;
    say(r, "-ERR unknown command '%.*s'\r\n", shown, (const char *)name.bytes);
}

bool command_answer(struct request *r)
{
    struct slice name = r->command.arguments[0];
    const struct known *k = find(name);
    if (k == NULL)
        unknown(r, name);
    else if (r->command.count < k->least || r->command.count > k->most)
        say(r, "-ERR wrong number of arguments for '%s' command\r\n", k->name);
    else
        k->answer(r);
    return k != NULL && is(name, "quit");
}

void command_refuse(struct request *r, const char *error)
{
    say(r, "-%s\r\n", error);
}
