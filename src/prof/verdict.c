// SPDX-License-Identifier: BSD-2-Clause
// verdict: what grows, and whether it is a leak.
#include "command.h"
#include "judged.h"
#include "output.h"
#include "source.h"

#include <getopt.h>
#include <string.h>

typedef struct asked {
    const char *output;
    double faster;
    bool all;
    const char *source;
} asked;

static int read_options(asked *a, int count, char **words)
{
    static const struct option long_options[] = {{"output", required_argument, NULL, 'o'},
                                                 {"fast", required_argument, NULL, 'f'},
                                                 {"all", no_argument, NULL, 'a'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(count, words, ":o:ah", long_options, NULL)) != -1;) {
        if (letter == 'h') {
            fputs(help_of("verdict"), stdout);
            return OPTIONS_HELPED;
        }
        if (letter == ':')
            return usage("verdict", "%s needs a value.", words[optind - 1]);
        if (letter == '?')
            return usage("verdict", "there is no option '%s'.", words[optind - 1]);
        if (letter == 'o')
            a->output = optarg;
        else if (letter == 'a')
            a->all = true;
        else if (!read_factor(&a->faster, optarg, 1000))
            return usage("verdict", "--fast %s is not a factor from 1 to 1000.", optarg);
    }
    if (count - optind != 1)
        return usage("verdict", "it takes one SOURCE.");
    a->source = words[optind];
    return 0;
}

// "36 stacks: 1 leak, 2 growing, 33 steady."
static void put_summary(FILE *out, const judgement *j)
{
    size_t counts[VERDICTS] = {0};
    for (size_t i = 0; i < j->count; i++)
        counts[j->all[i].result.verdict]++;
    fprintf(out, "%zu %s", j->count, j->count == 1 ? "stack" : "stacks");
    const char *before = ": ";
    for (int v = VERDICTS; v-- > 0;) {
        if (counts[v] == 0)
            continue;
        fprintf(out, "%s%zu %s", before, counts[v], verdict_name((enum verdict)v));
        before = ", ";
    }
    fprintf(out, ". Gets were sampled for %.0f s.\n", j->seconds);
}

static bool print_all(const asked *a, const names *all, const judgement *j, bool *found, trouble *t)
{
    output out;
    output_open(&out);
    for (size_t i = 0; i < j->count; i++) {
        const judged *v = &j->all[i];
        *found = *found || is_found(v);
        if (is_found(v) || a->all) {
            put_judged(out.file, all, v);
            fputc('\n', out.file);
        }
    }
    put_summary(out.file, j);
    return output_close(&out, a->output, t);
}

int command_verdict(int count, char **words)
{
    asked a = {.faster = 1};
    int status = read_options(&a, count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    names all = {0};
    profile p;
    judgement j;
    trouble t = {""};
    bool found = false, done = load(&p, &all, a.source, NULL, &t);
    if (done) {
        done = judgement_make(&j, &p, a.faster, &t) || fail_of(&t, source_name(a.source));
        if (done) {
            names_mark_shared(&all);
            done = print_all(&a, &all, &j, &found, &t);
            judgement_free(&j);
        }
        profile_free(&p);
    }
    names_free(&all);
    return done ? (found ? STATUS_FOUND : 0) : tell(&t);
}
