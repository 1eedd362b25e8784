/*
 * Objects that are not put: hold=N finds at a tick what has been live for more than N epochs, such as the
 * job of a worker that hangs; leak finds what is live when the pond is destroyed or the program ends. Both
 * say where the object was got.
 */
#include "claim.h"
#include <errno.h>
#include <pond/debug.h>
#include <string.h>

struct job {
    int number;
};

struct findings {
    int held, leaked;
    const void *object;
    char what[128];
};

static void note(const pond_report *report, void *ctx)
{
    struct findings *found = ctx;
    found->held += strcmp(report->word, "hold") == 0;
    found->leaked += strcmp(report->word, "leak") == 0;
    found->object = report->object;
    snprintf(found->what, sizeof(found->what), "%s", report->what);
    printf("%s: %s, got with %d frames of stack\n", report->word, report->what,
           report->stack_count > 0 ? (int)report->stacks[0].count : 0);
}

int main(void)
{
    struct findings found = {0, 0, NULL, ""};
    pond_on_report(note, &found);
    CLAIM(pond_debug_set("hold=2,leak,stacks=8") == 0);
    pond *jobs = pond_create(&(pond_options){.name = "jobs", .size = sizeof(struct job)});
    CLAIM(jobs != NULL);

    struct job *hangs = pond_get(jobs);
    CLAIM(hangs != NULL);
    for (int tick = 0; tick < 6; tick++) {
        struct job *quick = pond_get(jobs); /* put before it is old: not reported */
        CLAIM(quick != NULL);
        quick->number = tick;
        pond_epoch_advance();
        CLAIM(found.held == (tick >= 2));
        pond_put(jobs, quick);
    }
    CLAIM(found.held == 1 && found.object == hangs); /* once an object */
    CLAIM(strcmp(found.what, "live for 3 epochs") == 0);

    CLAIM(pond_destroy(jobs) == -1 && errno == EBUSY);
    CLAIM(found.leaked == 1 && strcmp(found.what, "1 object live at pond_destroy") == 0);
    pond_put(jobs, hangs);
    CLAIM(pond_destroy(jobs) == 0 && found.leaked == 1);
    return 0;
}
