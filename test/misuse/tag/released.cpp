/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a released unique_ptr put into another pool
// word: tag
// report: put of an object of pond "conns" into pond "timers"
#include "misuse.h"
#include <pond/typed.h>

static void program(void)
{
    pond_options of_conns = pond_options(), of_timers = pond_options();
    of_conns.name = "conns";
    of_timers.name = "timers";
    pond_typed<conn> conns(of_conns);
    pond_typed<double> timers(of_timers);
    auto c = conns.get();
    expect(c != nullptr && timers.get() != nullptr, "objects");
    pond_put(wrong ? timers.get_pond() : conns.get_pond(), c.release());
}
