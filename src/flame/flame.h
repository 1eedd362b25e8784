/* SPDX-License-Identifier: BSD-2-Clause */
/* A flame graph as one SVG file that needs nothing else, no network and no server; or as a part of a page. */
#ifndef FLAME_FLAME_H
#define FLAME_FLAME_H

#include "tree.h"

typedef struct flame_style {
    const char *title;    /* in the head; NULL: it is drawn into a page, which has a head of its own */
    const char *subtitle; /* below it */
    const char *unit;
    size_t most; /* frames that are drawn, the widest; 0: as many as a browser likes */
    bool difference;
} flame_style;

/* After tree_sum. False: there was no memory, and the picture is not whole. */
bool flame_draw(FILE *out, const tree *all, const flame_frame *frames, const flame_style *style);

/* What is between the tags of the picture's <style> and <script>: flame.css and flame.js. */
extern const char flame_css[], flame_js[];

#endif
