/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// std: c++11
/* Typed ponds in C++11: pond_typed<T>, what C defines, the inline fast path. */
#include "test.h"

#include <pond/inline.h>

#include <pond/typed.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

TestSuite(typed11, .timeout = TEST_ALARM);

namespace
{
struct session {
    int fd;
    char token[16];
};

struct alignas(128) wide {
    char bytes[128];
};

bool session_reset(void *obj, void *)
{
    static_cast<session *>(obj)->fd = -1;
    return true;
}

pond_options session_options()
{
    pond_options options = pond_options();
    options.name = "sessions";
    options.reset = session_reset;
    options.max_objects = 3;
    return options;
}
} // namespace

POND_DECLARE(plain, session)
POND_DEFINE(plain, session)

Test(typed11, objects_come_back_by_themselves)
{
    pond_typed<session> sessions(session_options());
    cr_assert_not_null(sessions.get_pond());
    {
        pond_typed<session>::pointer a = sessions.get(), b = sessions.get();
        static_assert(std::is_same<decltype(a->fd), int>::value, "the object's own type");
        a->fd = b->fd = 5;
        cr_assert_eq(test_stats(sessions.get_pond()).live, 2u);
        pond_typed<session>::pointer moved = std::move(a);
        cr_assert_null(a.get());
        cr_assert_eq(test_stats(sessions.get_pond()).live, 2u);
    }
    pond_stats s = test_stats(sessions.get_pond());
    cr_assert_eq(s.live, 0u);
    cr_assert_eq(s.puts, 2u);
    cr_assert_eq(sessions.get()->fd, -1);
    cr_assert_str_eq(pond_name(sessions.get_pond()), "sessions");
}

Test(typed11, refusals_are_null)
{
    pond_typed<session> sessions(session_options());
    std::vector<pond_typed<session>::pointer> all;
    for (int i = 0; i < 3; i++)
        all.push_back(sessions.get());
    errno = 0;
    cr_assert_null(sessions.get().get());
    cr_assert_eq(errno, EAGAIN);
    all.clear();
    cr_assert_not_null(sessions.get().get());
}

Test(typed11, creation_that_fails)
{
    pond_options options = session_options();
    options.min_idle = 100;
    errno = 0;
    pond_typed<session> sessions(options);
    cr_assert_eq(errno, EINVAL);
    cr_assert_null(sessions.get_pond());
    cr_assert_null(sessions.get().get());
}

Test(typed11, alignment_and_size_of_the_type)
{
    pond_typed<wide> all;
    pond_typed<wide>::pointer a = all.get(), b = all.get();
    cr_assert_eq(reinterpret_cast<uintptr_t>(a.get()) % 128, 0u);
    cr_assert_eq(reinterpret_cast<uintptr_t>(b.get()) % 128, 0u);
    cr_assert_eq(test_stats(all.get_pond()).object_bytes, sizeof(wide));
}

Test(typed11, the_macros)
{
    {
        POND_SCOPED(plain, a);
        POND_SCOPED(plain, b);
        cr_assert(a != nullptr && b != nullptr && a != b);
        a->fd = 1;
    }
    session *c = plain_get();
    plain_discard(c);
    pond_stats s = test_stats(plain_pond());
    cr_assert_eq(s.constructed, 2u);
    cr_assert_eq(s.dropped[POND_DROP_DISCARDED], 1u);
    cr_assert_str_eq(pond_name(plain_pond()), "plain");
    cr_assert_eq(pond_destroy(plain_pond()), 0);
}

static int throw_in_a_block(int number)
{
    POND_SCOPED(plain, a);
    if (number > 0)
        throw number;
    return a->fd;
}

Test(typed11, scoped_objects_are_put_by_exceptions)
{
    try {
        throw_in_a_block(4);
        cr_assert_fail("it throws");
    } catch (int number) {
        cr_assert_eq(number, 4);
    }
    cr_assert_eq(test_stats(plain_pond()).live, 0u);
    cr_assert_eq(pond_destroy(plain_pond()), 0);
}

Test(typed11, the_inline_fast_path)
{
    pond_options options = pond_options();
    options.size = sizeof(session);
    pond *p = test_pond(options);
    for (int i = 0; i < 1000; i++)
        pond_put_inline(p, pond_get_inline(p));
    cr_assert_eq(test_stats(p).constructed, 1u);
    cr_assert_eq(pond_destroy(p), 0);
}
