/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a unique_ptr of a confined pool moved into another thread
// word: confine
// report: got by thread 1, put by thread 2: the pond is confined
#include "misuse.h"
#include <pond/typed.h>
#include <thread>
#include <utility>

static void program(void)
{
    pond_options options = pond_options();
    options.flags = POND_THREAD_CONFINED;
    pond_typed<conn> conns(options);
    auto c = conns.get();
    expect(c != nullptr, "an object");
    std::thread worker([&] {
        auto mine = wrong ? std::move(c) : conns.get();
        mine->fd = 3;
    });
    worker.join();
}
