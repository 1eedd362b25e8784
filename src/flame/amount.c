// SPDX-License-Identifier: BSD-2-Clause
// Amounts, percentages and names as they are shown.
#include "amount.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct scale {
    double factor;
    const char *unit;
} scale;

static const scale bytes[] = {{1, "B"},
                              {1024.0, "KiB"},
                              {1024.0 * 1024, "MiB"},
                              {1024.0 * 1024 * 1024, "GiB"},
                              {1024.0 * 1024 * 1024 * 1024, "TiB"},
                              {1024.0 * 1024 * 1024 * 1024 * 1024, "PiB"}};
static const scale nanoseconds[] = {{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}};

static amount scaled(int64_t value, const scale *scales, size_t count)
{
    double size = fabs((double)value);
    size_t i = 0;
    while (i + 1 < count && size >= scales[i + 1].factor)
        i++;
    amount shown;
    snprintf(shown.text, sizeof shown.text, "%.2f", (double)value / scales[i].factor);
    size_t length = strlen(shown.text);
    if (strcmp(shown.text + length - 3, ".00") == 0)
        length -= 3;
    snprintf(shown.text + length, sizeof shown.text - length, "%s", scales[i].unit);
    return shown;
}

// A unit that is a word; a profile may have anything there, which neither a terminal nor a picture is to be
// given.
static const char *word(const char *unit)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/%";
    return strcmp(unit, "count") == 0 || unit[strspn(unit, letters)] != '\0' ? "" : unit;
}

amount amount_of(int64_t value, const char *unit, bool exact)
{
    bool in_bytes = strcmp(unit, "bytes") == 0 || strcmp(unit, "byte") == 0;
    if (in_bytes && !exact)
        return scaled(value, bytes, sizeof bytes / sizeof *bytes);
    if (strcmp(unit, "nanoseconds") == 0 && !exact)
        return scaled(value, nanoseconds, sizeof nanoseconds / sizeof *nanoseconds);
    amount shown;
    snprintf(shown.text, sizeof shown.text, "%" PRId64 "%.20s", value, in_bytes ? "B" : word(unit));
    return shown;
}

amount percent_of(int64_t value, int64_t total)
{
    double ratio = total == 0 ? 0 : fabs((double)value / (double)total) * 100;
    amount shown;
    if (ratio >= 99.95 && ratio <= 100.05)
        snprintf(shown.text, sizeof shown.text, "  100%%");
    else
        snprintf(shown.text, sizeof shown.text, ratio >= 1 ? "%5.2f%%" : "%5.2g%%", ratio);
    return shown;
}

// How many bytes the sequence has that begins with `first`; 0: none begins so. *bits: of the character.
static unsigned sequence(unsigned char first, uint32_t *bits)
{
    if (first < 0x80) {
        *bits = first;
        return 1;
    }
    unsigned length = first >= 0xc2 && first < 0xe0   ? 2
                      : first >= 0xe0 && first < 0xf0 ? 3
                      : first >= 0xf0 && first < 0xf5 ? 4
                                                      : 0;
    *bits = length == 0 ? 0 : first & (0x7fU >> length);
    return length;
}

static bool is_shown(uint32_t c, unsigned length)
{
    static const uint32_t least[] = {0, 0x20, 0x80, 0x800, 0x10000};
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool direction =
        (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
    bool surrogate = c >= 0xd800 && c < 0xe000;
    return c >= least[length] && !control && !direction && !surrogate && (c & 0xfffe) != 0xfffe &&
           c <= 0x10ffff;
}

uint32_t next_character(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    if (*at == '\0')
        return 0;
    uint32_t character;
    unsigned length = sequence(*at, &character);
    unsigned have = 1;
    while (have < length && (at[have] & 0xc0) == 0x80)
        character = character << 6 | (at[have++] & 0x3f);
    *text += have;
    return have == length && is_shown(character, length) ? character : 0xfffd;
}

void put_character(FILE *out, uint32_t c)
{
    if (c < 0x80) {
        fputc((int)c, out);
        return;
    }
    if (c >= 0x10000) {
        fputc((int)(0xf0 | c >> 18), out);
        fputc((int)(0x80 | (c >> 12 & 0x3f)), out);
    } else if (c >= 0x800) {
        fputc((int)(0xe0 | c >> 12), out);
    } else {
        fputc((int)(0xc0 | c >> 6), out);
    }
    if (c >= 0x800)
        fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
    fputc((int)(0x80 | (c & 0x3f)), out);
}

void put_name(FILE *out, const char *name)
{
    for (uint32_t c; (c = next_character(&name)) != 0;)
        put_character(out, c);
}

int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}
