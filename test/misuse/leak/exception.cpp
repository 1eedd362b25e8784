/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: an exception flies past the put
// word: leak
// report: 1 object live at
#include "misuse.h"
#include <pond/typed.h>
#include <stdexcept>

static void parse(const conn &c)
{
    if (c.fd == 0)
        throw std::runtime_error("no descriptor");
}

static void serve(pond_typed<conn> &conns)
{
    auto c = conns.get();
    if (wrong) {
        conn *raw = c.release();
        parse(*raw);
        pond_put(conns.get_pond(), raw);
    } else {
        parse(*c);
    }
}

static void program(void)
{
    static pond_typed<conn> conns;
    try {
        serve(conns);
    } catch (const std::runtime_error &) {
    }
}
