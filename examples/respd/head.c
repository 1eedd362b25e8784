/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "head.h"
#include <string.h>
#include <strings.h>

bool head_is_whole(const char *text, size_t size)
{
    return memmem(text, size, "\r\n\r\n", 4) != NULL;
}

/* The value where the line has this name. */
static const char *value_of(const char *line, const char *name)
{
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static bool take_first_line(struct head *h, char *line)
{
    char *at = NULL, *target;
    h->method = strtok_r(line, " ", &at);
    target = strtok_r(NULL, " ", &at);
    const char *version = strtok_r(NULL, " ", &at);
    if (version == NULL || strncmp(version, "HTTP/1.", 7) != 0 || *target != '/')
        return false;
    h->path = target;
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query = '\0';
        h->query = query + 1;
    }
    return true;
}

bool head_parse(struct head *h, char *text, size_t size)
{
    char *at = NULL;
    *h = (struct head){.method = NULL};
    text[size] = '\0';
    char *line = strlen(text) == size ? strtok_r(text, "\r\n", &at) : NULL; /* no byte of it is 0 */
    if (line == NULL || !take_first_line(h, line))
        return false;
    while ((line = strtok_r(NULL, "\r\n", &at)) != NULL) {
        const char *host = value_of(line, "Host"), *length = value_of(line, "Content-Length");
        if (host != NULL && h->host != NULL)
            return false;
        h->host = host != NULL ? host : h->host;
        h->has_body |=
            value_of(line, "Transfer-Encoding") != NULL || (length != NULL && strcmp(length, "0") != 0);
    }
    return true;
}
