/*
 * Secrets: with POND_ZERO_ON_PUT put wipes the whole object, in a way no compiler removes, so a token
 * of one client is never seen by the next. Where an object keeps a buffer and cannot be wiped as a
 * whole, reset wipes what must go, and POND_SENSITIVE says in the type which fields those are.
 */
#define _DEFAULT_SOURCE 1
#include "claim.h"
#include <errno.h>
#include <pond/typed.h>
#include <string.h>

struct login {
    char user[32];
    char password[64];
};

POND_TYPE(login_type, struct login, POND_SENSITIVE(user), POND_SENSITIVE(password));
POND_DECLARE(login, struct login)
POND_DEFINE(login, struct login, .type = &login_type, .flags = POND_ZERO_ON_PUT)

struct session {
    char token[32];
    char *scratch; /* kept: a buffer that holds nothing of the client when its work is done */
};

static int session_construct(void *obj, void *ctx)
{
    (void)ctx;
    struct session *s = obj;
    s->scratch = calloc(1, 4096);
    return s->scratch != NULL ? 0 : ENOMEM; /* what the failing get leaves in errno */
}

static bool session_reset(void *obj, void *ctx)
{
    (void)ctx;
    struct session *s = obj;
    explicit_bzero(s->token, sizeof(s->token));
    return true;
}

static void session_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct session *)obj)->scratch);
}

POND_TYPE(session_type, struct session, POND_SENSITIVE(token), POND_KEPT(scratch));
POND_DECLARE(session, struct session)
POND_DEFINE(session, struct session, .type = &session_type, .construct = session_construct,
            .reset = session_reset, .destroy = session_destroy)

static bool all_zero(const void *bytes, size_t n)
{
    return *(const char *)bytes == 0 && memcmp(bytes, (const char *)bytes + 1, n - 1) == 0;
}

int main(void)
{
    struct login *alice = login_get();
    CLAIM(alice != NULL);
    snprintf(alice->password, sizeof(alice->password), "correct horse");
    uintptr_t where = (uintptr_t)alice;
    login_put(alice);
    struct login *bob = login_get(); /* the same memory */
    CLAIM_PLAIN((uintptr_t)bob == where);
    CLAIM(bob != NULL && all_zero(bob, sizeof(*bob)));
    login_put(bob);

    struct session *s = session_get();
    CLAIM(s != NULL);
    const char *scratch = s->scratch;
    snprintf(s->token, sizeof(s->token), "0123456789abcdef");
    session_put(s);
    s = session_get();
    CLAIM(s != NULL && all_zero(s->token, sizeof(s->token)));
    CLAIM_PLAIN(s->scratch == scratch);
    session_put(s);

    CLAIM(pond_destroy(login_pond()) == 0 && pond_destroy(session_pond()) == 0);
    puts("nothing left of the one client for the next");
    return 0;
}
