/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// std: c++20
/* POND_DEFINE with options in C++20, which has designated initialisers. */
#include "test.h"

#include <pond/typed.h>

TestSuite(typed20, .timeout = TEST_ALARM);

namespace
{
struct session {
    int fd;
    session *next;
    char *buffer;
};

int made;

int session_construct(void *obj, void *)
{
    static_cast<session *>(obj)->fd = ++made;
    return 0;
}

bool session_reset(void *obj, void *)
{
    static_cast<session *>(obj)->next = nullptr;
    return true;
}
} // namespace

POND_DECLARE(session, session)
POND_DEFINE(session, session, .construct = session_construct, .reset = session_reset, .max_objects = 2)
POND_TYPE(session_type, session, POND_POINTER(next), POND_KEPT(buffer));

Test(typed20, define_with_options)
{
    session *a = session_get(), *b = session_get();
    cr_assert_eq(a->fd + b->fd, 3);
    errno = 0;
    cr_assert_null(session_get());
    cr_assert_eq(errno, EAGAIN);
    a->next = b;
    session_put(a);
    session *again = session_get();
    cr_assert_null(again->next);
    session_put(again);
    session_put(b);
    cr_assert_eq(made, 2);
    cr_assert_eq(pond_destroy(session_pond()), 0);
}

Test(typed20, types)
{
    cr_assert_eq(session_type.field_count, 2u);
    cr_assert_eq(session_type.fields[1].offset, offsetof(session, buffer));
    pond_options options = pond_options();
    options.type = &session_type;
    pond_typed<session> sessions(options);
    cr_assert_not_null(sessions.get().get());
}
