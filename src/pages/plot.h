/* SPDX-License-Identifier: BSD-2-Clause */
/* Small pictures, as SVG within the page. They are stretched to the room there is; what is written beside
 * them is HTML. */
#ifndef POND_PAGES_PLOT_H
#define POND_PAGES_PLOT_H

#include "../write/snapshot.h"

/* What a pond had in use in its last intervals, as a line. */
void plot_line(struct bytes *to, const struct basin *b);

/* In use and, on top of it, idle; below it gets, and misses among them. With words. */
void plot_course(struct bytes *to, const struct basin *b);

/* A bar of parts, of so much in all. */
struct part {
    const char *style; /* a class of the page's */
    const char *name;  /* what it is told to be */
    double size;
};
void plot_bar(struct bytes *to, const struct part *parts, size_t count, double all);

#endif
