/*
 * What reset forgets is the next client's: with `reset` on, an object must be after reset as it was after
 * construct. POND_TYPE says what is more (a secret must be gone, a borrowed pointer NULL) and what is less:
 * a buffer is kept. Here the reset hook is written in three attempts, and each put names what the last one
 * missed.
 */
#include "claim.h"
#include <pond/debug.h>
#include <pond/typed.h>
#include <string.h>

struct session {
    int state;
    char token[16];
    const char *user; /* borrowed */
    char line[64];    /* what is left of it harms nobody */
};

enum { CLOSED = 7, OPEN = 8 };
static int attempt;

static int session_construct(void *obj, void *ctx)
{
    (void)ctx;
    ((struct session *)obj)->state = CLOSED;
    return 0;
}

static bool session_reset(void *obj, void *ctx)
{
    (void)ctx;
    struct session *s = obj;
    if (attempt > 1) {
        memset(s->token, 0, sizeof(s->token));
        s->user = NULL;
    }
    if (attempt > 2)
        s->state = CLOSED;
    return true;
}

POND_TYPE(session_type, struct session, POND_POINTER(user), POND_SENSITIVE(token), POND_KEPT(line));
POND_DECLARE(session, struct session)
POND_DEFINE(session, struct session, .type = &session_type, .construct = session_construct,
            .reset = session_reset)

static char found[512];

static void collect(const pond_report *report, void *ctx)
{
    (void)ctx;
    size_t used = strlen(found);
    snprintf(found + used, sizeof(found) - used, "    %s\n", report->what);
}

/* Whether this is found when a used session is put, with this attempt at the hook. */
static bool finds(int with, const char *what)
{
    attempt = with;
    found[0] = '\0';
    struct session *s = session_get();
    CLAIM(s != NULL);
    s->state = OPEN;
    s->user = "alice";
    snprintf(s->token, sizeof(s->token), "open sesame");
    snprintf(s->line, sizeof(s->line), "GET /");
    session_put(s);
    printf("attempt %d:\n%s", with, found);
    return strstr(found, what) != NULL;
}

int main(void)
{
    pond_on_report(collect, NULL);
    CLAIM(pond_debug_set("reset") == 0);
    CLAIM(finds(1, "reset does not clear session.user, 8 bytes at offset"));
    CLAIM(strstr(found, "reset does not clear session.token, 16 bytes at offset") != NULL);
    CLAIM(finds(2, "reset does not restore "));
    CLAIM(finds(3, "") && found[0] == '\0');
    CLAIM(pond_destroy(session_pond()) == 0);
    return 0;
}
