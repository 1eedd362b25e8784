/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: state left behind by a C++ object's clear()
// word: reset
// report: reset does not clear
// report: at offset 4
#include "misuse.h"
#include <pond/typed.h>

struct request {
    int method;
    int status;
    void clear()
    {
        method = 0;
        if (!wrong)
            status = 0;
    }
};

static bool reset(void *obj, void *)
{
    static_cast<request *>(obj)->clear();
    return true;
}

static void program(void)
{
    pond_options options = pond_options();
    options.reset = reset;
    pond_typed<request> requests(options);
    auto r = requests.get();
    expect(r != nullptr, "an object");
    r->method = 1;
    r->status = 404;
}
