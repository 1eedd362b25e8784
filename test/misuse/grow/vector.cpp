/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a std::vector whose capacity stays after clear()
// word: grow
// report: more than max_footprint 1024, and is dropped
// std: c++17
#include "misuse.h"
#include <new>
#include <pond/typed.h>
#include <vector>

typedef std::vector<char> bytes;

static int construct(void *obj, void *)
{
    new (obj) bytes;
    return 0;
}

static bool reset(void *obj, void *)
{
    bytes *b = static_cast<bytes *>(obj);
    b->clear();
    return true;
}

static void destroy(void *obj, pond_drop_reason, void *)
{
    static_cast<bytes *>(obj)->~bytes();
}

static size_t footprint(const void *obj, void *)
{
    return static_cast<const bytes *>(obj)->capacity();
}

static const pond_field whole[] = {{"vector", 0, sizeof(bytes), POND_FIELD_KEPT}};
static const pond_type type = {"bytes", sizeof(bytes), alignof(bytes), whole, 1};

static void program(void)
{
    pond_options options = pond_options();
    options.type = &type;
    options.construct = construct;
    options.reset = reset;
    options.destroy = destroy;
    options.footprint = footprint;
    options.max_footprint = 1024;
    pond_typed<bytes> pool(options);
    pool.get()->resize(wrong ? 100000 : 1000);
}
