/* SPDX-License-Identifier: BSD-2-Clause */
/* Tools that watch the program are told, when there is one, of objects outside guard slots and in them. */
#ifndef POND_CHECK_TELL_H
#define POND_CHECK_TELL_H

#include "check.h"
#include "guard.h"
#include "tools.h"

static inline void tell_open(const struct pond *p, void *obj)
{
    if (check_tools())
        tools_open(obj, check_of(p)->size);
}

static inline void tell_close(const struct pond *p, void *obj)
{
    if (check_tools())
        tools_close(obj, check_of(p)->size);
}

static inline void tell_got(const struct pond *p, void *obj)
{
    if (check_tools())
        tools_got(p, obj, check_of(p)->size);
}

static inline void tell_put(const struct pond *p, void *obj)
{
    if (check_tools())
        tools_put(p, obj, check_of(p)->size);
}

static inline void tell_ended(const struct pond *p, void *obj)
{
    if (check_tools() && !guard_owns(obj))
        tools_ended(obj, (char *)obj - p->front_bytes, p->object_bytes);
}

static inline void tell_wiped(const struct pond *p, void *obj)
{
    if (check_tools() && p->object_bytes > 0)
        tools_wipe((char *)obj - p->front_bytes, p->object_bytes);
}

#endif
