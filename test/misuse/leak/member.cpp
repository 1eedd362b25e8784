/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a C++ pool that is destroyed before an object of it
// word: leak
// report: 1 object live at pond_destroy
#include "misuse.h"
#include <pond/typed.h>

struct server { /* members end in the reverse order */
    pond_typed<conn>::pointer before;
    pond_typed<conn> conns;
    pond_typed<conn>::pointer after;
};

static void program(void)
{
    server s;
    (wrong ? s.before : s.after) = s.conns.get();
}
