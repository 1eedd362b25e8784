/* SPDX-License-Identifier: BSD-2-Clause */
#include "shown.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SPACE "\302\240" /* does not break */

/* Without a point from 100 on, with one digit from 10 on. */
static struct shown three_digits(double value, const char *unit)
{
    struct shown s;
    double size = fabs(value);
    int digits = size >= 99.95 || size == floor(size) ? 0 : size >= 9.995 ? 1 : 2;
    (void)snprintf(s.text, sizeof s.text, "%.*f%s", digits, value, unit);
    return s;
}

struct shown shown_bytes(double bytes)
{
    static const char *const units[] = {SPACE "B",   SPACE "KiB", SPACE "MiB",
                                        SPACE "GiB", SPACE "TiB", SPACE "PiB"};
    size_t i = 0;
    if (fabs(bytes) < 1024)
        bytes = round(bytes);
    while (i + 1 < sizeof units / sizeof *units && fabs(bytes) >= 1000 && (i > 0 || fabs(bytes) >= 1024)) {
        bytes /= 1024;
        i++;
    }
    return three_digits(bytes, units[i]);
}

struct shown shown_growth(double bytes)
{
    struct shown s = shown_bytes(fabs(bytes)), signs;
    (void)snprintf(signs.text, sizeof signs.text, "%s%.36s", bytes > 0 ? "+" : "\342\210\222", s.text);
    return signs;
}

struct shown shown_count(uint64_t count)
{
    struct shown s;
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t to = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            s.text[to++] = ',';
        s.text[to++] = digits[i];
    }
    s.text[to] = 0;
    return s;
}

struct shown shown_seconds(double seconds)
{
    if (seconds < 10)
        return three_digits(round(seconds * 10) / 10, SPACE "s");
    if (seconds < 100)
        return three_digits(round(seconds), SPACE "s");
    if (seconds < 6000)
        return three_digits(round(seconds / 60), SPACE "min");
    if (seconds < 172800)
        return three_digits(round(seconds / 360) / 10, SPACE "h");
    return three_digits(round(seconds / 86400), SPACE "days");
}

/* What is nearly all is not said to be all, nor nearly nothing nothing. */
struct shown shown_percent(double part)
{
    if (part > 0 && part < 0.0005)
        return (struct shown){"<0.1" SPACE "%"};
    if (part < 1 && part > 0.9995)
        return (struct shown){">99.9" SPACE "%"};
    double percent = round(part * 1000) / 10;
    struct shown s;
    (void)snprintf(s.text, sizeof s.text, "%.*f" SPACE "%%", percent == floor(percent) ? 0 : 1, percent);
    return s;
}

struct shown shown_rate(double a_second)
{
    return a_second < 99.5 ? three_digits(round(a_second * 100) / 100, "")
                           : shown_count((uint64_t)(a_second + 0.5));
}

struct shown shown_time(int64_t nanoseconds)
{
    struct shown s = {""};
    time_t seconds = (time_t)(nanoseconds / 1000000000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(s.text, sizeof s.text, "%Y-%m-%d %H:%M:%S" SPACE "UTC", &parts) == 0)
        s.text[0] = 0;
    return s;
}
