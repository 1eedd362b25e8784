/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a secret left behind, there is no reset at all
// word: reset
// report: no reset hook clears login.password, 64 bytes at offset 32
#include "misuse.h"
#include <pond/typed.h>

struct login {
    char user[32];
    char password[64];
};

POND_TYPE(login_type, struct login, POND_SENSITIVE(password));

static void program(void)
{
    pond *p = make((pond_options){.type = &login_type, .flags = wrong ? 0 : POND_ZERO_ON_PUT});
    struct login *l = must_get(p);
    memcpy(l->user, "alice", 6);
    memcpy(l->password, "correct horse", 14);
    pond_put(p, l);
    end(p);
}
