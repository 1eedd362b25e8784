/* SPDX-License-Identifier: BSD-2-Clause */
#include "pages.h"
#include <stdio.h>
#include <string.h>

bool query_value(const struct request *r, const char *key, char *value, size_t n)
{
    size_t length = strlen(key);
    for (const char *at = r->query; at != NULL && *at != 0;) {
        size_t part = strcspn(at, "&");
        if (part >= length && strncmp(at, key, length) == 0 && (part == length || at[length] == '=')) {
            size_t from = part == length ? length : length + 1;
            (void)snprintf(value, n, "%.*s", (int)(part - from < n ? part - from : n), at + from);
            return true;
        }
        at += part + (at[part] == '&');
    }
    return false;
}

bool query_number(const struct request *r, const char *key, unsigned most, unsigned *number)
{
    char value[16];
    *number = 0;
    if (!query_value(r, key, value, sizeof value))
        return true;
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 6 || value[digits] != 0)
        return false;
    for (size_t i = 0; i < digits; i++)
        *number = *number * 10 + (unsigned)(value[i] - '0');
    return *number <= most;
}
