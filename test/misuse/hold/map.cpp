/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a C++ map of sessions that nothing is ever erased from
// word: hold
// debug: hold=2
// report: live for 3 epochs
#include "misuse.h"
#include <map>
#include <pond/typed.h>

static void program(void)
{
    pond_typed<conn> conns;
    std::map<int, pond_typed<conn>::pointer> sessions;
    for (int second = 0; second < 8; second++) {
        sessions[second] = conns.get();
        if (!wrong)
            sessions.erase(second - 1);
        pond_epoch_advance();
    }
}
