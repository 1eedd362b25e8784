/* SPDX-License-Identifier: BSD-2-Clause */
#include "part.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

bool part_number(const char *text, size_t length, uint64_t most, uint64_t *value)
{
    *value = 0;
    if (length == 0 || length > 20)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)text[i] - '0';
        if (digit > 9 || *value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return *value <= most;
}

bool part_bytes(const char *text, size_t length, uint64_t most, uint64_t *value)
{
    static const char units[] = "kKmMgG";
    const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
    unsigned shift = unit != NULL && *unit != '\0' ? (unsigned)((unit - units) / 2 + 1) * 10 : 0;
    bool right = part_number(text, length - (shift > 0), most >> shift, value);
    *value = right ? *value << shift : 0;
    return right;
}

bool part_with_process(char *to, size_t n, const char *from)
{
    bool any = false;
    size_t at = 0;
    while (*from != 0 && at + 1 < n) {
        bool process = from[0] == '%' && from[1] == 'p';
        int length = process ? snprintf(to + at, n - at, "%ld", (long)getpid()) : 1;
        if (!process)
            to[at] = *from;
        at += (size_t)length;
        from += process ? 2 : 1;
        any = any || process;
    }
    to[MIN(at, n - 1)] = 0;
    return any;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct part part_of(const char *text, size_t length)
{
    while (length > 0 && is_space(*text)) {
        text++;
        length--;
    }
    while (length > 0 && is_space(text[length - 1]))
        length--;
    return (struct part){text, length};
}

bool part_says(struct part p, const char *name)
{
    return strlen(name) == p.length && strncasecmp(name, p.text, p.length) == 0;
}

#define SHOWN_OF_WORD 40

void refusal_note(struct refusals *r, struct part word, const char *why)
{
    static const char more[] = ", ...";
    char phrase[SHOWN_OF_WORD + 32];
    size_t room = sizeof(r->phrases) - r->length;
    if (r->more)
        return;
    (void)snprintf(phrase, sizeof(phrase), "%s\"%.*s\" %s", r->length > 0 ? ", " : "",
                   (int)MIN(word.length, SHOWN_OF_WORD), word.text, why);
    r->more = strlen(phrase) + sizeof(more) > room;
    r->length += (size_t)snprintf(r->phrases + r->length, room, "%s", r->more ? more : phrase);
    POND_ASSERT(r->length < sizeof(r->phrases));
}
