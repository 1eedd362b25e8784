/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a C++ reference outlives its unique_ptr
// word: poison
// report: written after put: 4 bytes at offset 0
// asan: use-after-poison
#include "misuse.h"
#include <pond/typed.h>

static void program(void)
{
    pond_typed<conn> conns;
    auto c = conns.get();
    auto other = conns.get();
    expect(c != nullptr && other != nullptr, "objects");
    conn &reference = wrong ? *c : *other;
    c.reset();
    reference.fd = 7;
    other.reset();
    pond_epoch_advance();
}
