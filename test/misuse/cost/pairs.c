/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each word costs: the time of a get and put pair with the word on, by its time with none. Prints a line
 * for each, separated by tabs: word, factor with stacks=1, factor with stacks=16.
 *
 * Each time is the least of many short runs, which what else the machine does can only make longer.
 */
#include <pond/debug.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

struct conn {
    int fd;
    char token[52];
    void *next;
};

enum { pairs = 500, runs = 120 };

static const char *const words[] = {"double", "tag",     "confine", "reset", "poison",      "redzone",
                                    "grow",   "hold=2",  "leak",    "guard", "guard=1/100", "guard=1/1",
                                    "fail=1", "chaos=1", "bypass",  "audit", "fast",        "full"};

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct conn));
    return true;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 100;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double run(pond *p)
{
    double start = now();
    for (int i = 0; i < pairs; i++) {
        struct conn *c = pond_get(p);
        if (c != NULL)
            c->fd = i;
        pond_put(p, c);
    }
    return (now() - start) / pairs;
}

/* ns for a pair in a pond with these hooks, made while the words are on; below 0: it cannot be. */
static double pair(const char *on, const pond_options *options)
{
    double least = -1;
    pond *p = pond_debug_set(on) == 0 ? pond_create(options) : NULL;
    for (int i = 0; p != NULL && i < runs; i++) {
        double ns = run(p);
        if (least < 0 || ns < least)
            least = ns;
    }
    if (p != NULL && pond_destroy(p) != 0)
        least = -1;
    pond_debug_set("off");
    return least;
}

/* Each word is measured on a pond whose hooks give it something to do, against the same without it. */
static pond_options options_for(const char *word)
{
    pond_options o = {.name = "pairs", .size = sizeof(struct conn)};
    if (strcmp(word, "reset") == 0 || strcmp(word, "full") == 0)
        o.reset = reset;
    if (strcmp(word, "grow") == 0) {
        o.footprint = footprint;
        o.max_footprint = 1000;
    }
    if (strcmp(word, "confine") == 0)
        o.flags = POND_THREAD_CONFINED;
    return o;
}

static bool measure(const char *word)
{
    char one[64], sixteen[64], name[32];
    pond_options options = options_for(word);
    snprintf(one, sizeof one, "%s,stacks=1", word);
    snprintf(sixteen, sizeof sixteen, "%s,stacks=16", word);
    double off = pair("off", &options), with_one = pair(one, &options),
           with_sixteen = pair(sixteen, &options);
    if (off <= 0 || with_one < 0 || with_sixteen < 0) {
        fprintf(stderr, "pairs: %s cannot be measured\n", word);
        return false;
    }
    bool sampled = strncmp(word, "guard", 5) == 0;
    snprintf(name, sizeof name, "%.*s", sampled ? 20 : (int)strcspn(word, "="), word);
    printf("%s\t%.1f\t%.1f\n", name, with_one / off, with_sixteen / off);
    return true;
}

int main(void)
{
    bool all = true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        all &= measure(words[i]);
    return !all;
}
