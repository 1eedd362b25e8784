/*
 * Luck made visible: a get usually returns what was put last, and code that relies on it works until the
 * day another thread is faster. chaos=SEED reorders, drops and steals at random; the same seed does the
 * same again, so that what was found can be looked at twice.
 */
#include "claim.h"
#include <pond/debug.h>

struct draft {
    int number;
};

/* With these words on: the first round in which a draft that was put is not what the next get returns. */
static int breaks_at(const char *words)
{
    int broken = 0;
    CLAIM(pond_debug_set(words) == 0);
    pond *drafts = pond_create(&(pond_options){.name = "drafts", .size = sizeof(struct draft)});
    CLAIM(drafts != NULL && pond_reserve(drafts, 20) >= 20);
    for (int round = 1; round <= 1000 && broken == 0; round++) {
        struct draft *d = pond_get(drafts);
        CLAIM(d != NULL);
        d->number = round;
        pond_put(drafts, d); /* "it is still there when I come back" */
        d = pond_get(drafts);
        CLAIM(d != NULL);
        if (d->number != round)
            broken = round;
        pond_put(drafts, d);
    }
    CLAIM(pond_destroy(drafts) == 0);
    printf("%-9s %s %d\n", words,
           broken != 0 ? "breaks in round" : "holds for rounds:", broken != 0 ? broken : 1000);
    return broken;
}

int main(void)
{
    CLAIM(breaks_at("off") == 0);
    int broken = breaks_at("chaos=7");
    CLAIM(broken > 0);
    CLAIM(breaks_at("chaos=8") > 0);
    CLAIM(breaks_at("chaos=7") == broken);
    CLAIM(pond_debug_set("off") == 0);
    return 0;
}
