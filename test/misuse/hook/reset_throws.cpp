/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a reset hook is left by an exception
// word: hook
// debug: double
// report: the reset hook was left by longjmp or an exception
#include "misuse.h"
#include <pond/typed.h>
#include <stdexcept>

static bool reset(void *obj, void *)
{
    conn *c = static_cast<conn *>(obj);
    if (c->fd != -1) {
        *c = conn();
        return true;
    }
    if (wrong)
        throw std::runtime_error("a broken connection");
    return false;
}

static void program(void)
{
    pond_options options = pond_options();
    options.size = sizeof(conn);
    options.reset = reset;
    pond *p = make(options);
    conn *c = static_cast<conn *>(must_get(p));
    c->fd = -1;
    try {
        pond_put(p, c);
    } catch (const std::runtime_error &) {
    }
    for (int i = 0; i < 10; i++)
        pond_put(p, must_get(p));
    pond_epoch_advance();
    end(p);
}
