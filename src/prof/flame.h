/* SPDX-License-Identifier: BSD-2-Clause */
/* A flame graph as one SVG file that needs nothing else, no network and no server. */
#ifndef PROF_FLAME_H
#define PROF_FLAME_H

#include "tree.h"

typedef struct flame_style {
    const char *title;    /* in the head */
    const char *subtitle; /* below it */
    const char *unit;
    bool difference;
} flame_style;

void flame_draw(FILE *out, const tree *all, const names *frames, const flame_style *style);

/* What is between the tags of the picture's <style> and <script>: flame.css and flame.js. */
extern const char flame_css[], flame_js[];

#endif
