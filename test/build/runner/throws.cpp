// SPDX-License-Identifier: BSD-2-Clause
// Tests in C++: what is thrown out of one fails it and is named.
#include <criterion/criterion.h>

#include <stdexcept>

Test(throws, an_exception)
{
    throw std::runtime_error("out of the body");
}

Test(throws, nothing)
{
    cr_assert_throw(throw std::runtime_error("caught"), std::runtime_error);
}
