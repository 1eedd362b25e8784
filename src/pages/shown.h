/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures as the page shows them: three digits that matter, and a space that does not break before the unit.
 */
#ifndef POND_PAGES_SHOWN_H
#define POND_PAGES_SHOWN_H

#include <stdint.h>

struct shown {
    char text[40];
};

struct shown shown_bytes(double bytes);       /* 12.4 MiB; -3 B */
struct shown shown_growth(double bytes);      /* +12.4 MiB */
struct shown shown_count(uint64_t count);     /* 1,234,567 */
struct shown shown_seconds(double seconds);   /* 0.3 s, 43 s, 14 min, 3.2 h, 12 days */
struct shown shown_percent(double part);      /* of 1: 99.3 %; 100 % and 0 % are that exactly */
struct shown shown_rate(double a_second);     /* 5,886; 0.2 */
struct shown shown_time(int64_t nanoseconds); /* 2026-11-29 09:58:00 UTC */

#endif
