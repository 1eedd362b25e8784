/* SPDX-License-Identifier: BSD-2-Clause */
#include "resp.h"
#include <string.h>

static struct parsed wrong(const char *error)
{
    return (struct parsed){PARSED_WRONG, 0, error};
}

/* So many bytes are needed in all. */
static struct parsed not_yet(size_t size)
{
    if (size > RESP_LARGEST)
        return wrong("ERR Protocol error: too large a command");
    return (struct parsed){PARSED_NOT_YET, size, NULL};
}

static void add(struct command *c, const unsigned char *bytes, size_t size)
{
    if (c->count < RESP_ARGUMENTS)
        c->arguments[c->count] = (struct slice){bytes, size};
    c->count++;
}

/*
 * The line that starts at `from`: its end, and in *next where the following one starts. Both lie within
 * the bytes; NULL: the line is not complete.
 */
static const unsigned char *line_end(const unsigned char *from, const unsigned char *end,
                                     const unsigned char **next)
{
    const unsigned char *newline = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;
    if (newline == NULL)
        return NULL;
    *next = newline + 1;
    return newline > from && newline[-1] == '\r' ? newline - 1 : newline;
}

/* The decimal number that is all of from to end, at most RESP_LARGEST; -1: it is not one. */
static long number(const unsigned char *from, const unsigned char *end)
{
    long n = 0;
    if (from == end)
        return -1;
    for (; from < end; from++) {
        if (*from < '0' || *from > '9')
            return -1;
        n = n * 10 + (*from - '0');
        if (n > RESP_LARGEST)
            return -1;
    }
    return n;
}

/* What is to be read of a command, and the command. */
struct reader {
    const unsigned char *start, *at, *end;
    struct command *command;
};

/* A line that begins with `mark` and goes on with a number of at most `most`: into *n. */
static struct parsed read_number(struct reader *r, unsigned char mark, long most, long *n, const char *error)
{
    const unsigned char *from = r->at, *next;
    const unsigned char *end = line_end(from, r->end, &next);
    if (from < r->end && *from != mark)
        return wrong(error);
    if (end == NULL)
        return r->end - from > 32 ? wrong(error) : not_yet((size_t)(r->end - r->start) + 1);
    *n = number(from + 1, end);
    if (*n < 0 || *n > most)
        return wrong(error);
    r->at = next;
    return (struct parsed){PARSED, 0, NULL};
}

/* "$5\r\nhello\r\n" */
static struct parsed read_argument(struct reader *r)
{
    long size;
    struct parsed p = read_number(r, '$', RESP_LARGEST, &size, "ERR Protocol error: invalid bulk length");
    if (p.state != PARSED)
        return p;
    size_t needed = (size_t)(r->at - r->start) + (size_t)size + 2;
    if (needed > (size_t)(r->end - r->start))
        return not_yet(needed);
    if (memcmp(r->at + size, "\r\n", 2) != 0)
        return wrong("ERR Protocol error: a bulk string does not end where it should");
    add(r->command, r->at, (size_t)size);
    r->at += size + 2;
    return p;
}

static struct parsed parse_array(struct reader *r)
{
    long count;
    struct parsed p =
        read_number(r, '*', RESP_MOST_ARGUMENTS, &count, "ERR Protocol error: invalid multibulk length");
    while (p.state == PARSED && count-- > 0)
        p = read_argument(r);
    if (p.state == PARSED)
        p.size = (size_t)(r->at - r->start);
    return p;
}

/* Words of a line, as a person types them. */
static struct parsed parse_line(struct reader *r)
{
    const unsigned char *next, *at = r->start;
    const unsigned char *end = line_end(at, r->end, &next);
    if ((size_t)((end != NULL ? end : r->end) - at) > RESP_LONGEST_LINE)
        return wrong("ERR Protocol error: too big inline request");
    if (end == NULL)
        return not_yet((size_t)(r->end - at) + 1);
    while (at < end) {
        const unsigned char *word = at;
        while (at < end && *at != ' ' && *at != '\t')
            at++;
        if (at > word)
            add(r->command, word, (size_t)(at - word));
        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
    }
    return (struct parsed){PARSED, (size_t)(next - r->start), NULL};
}

struct parsed resp_parse(const unsigned char *bytes, size_t size, struct command *c)
{
    struct reader r = {bytes, bytes, bytes + size, c};
    c->count = 0;
    if (size == 0)
        return not_yet(1);
    return *bytes == '*' ? parse_array(&r) : parse_line(&r);
}
