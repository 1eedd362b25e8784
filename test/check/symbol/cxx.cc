/* SPDX-License-Identifier: BSD-2-Clause */
/* C++: names with classes, and types with namespaces and bases. */
#include "frames.h"

struct counted {
    static int count;
    long value;
};
int counted::count;
counted cxx_counted;

namespace net
{
struct base {
    long first;
};
class conn : public base
{
  public:
    static int count;
    long second;
    struct {
        char key[4];
    } inner;
    template <typename T> __attribute__((noinline)) void serve(T value);
};
int conn::count;

template <typename T> __attribute__((noinline)) void conn::serve(T value)
{
    second = static_cast<long>(value);
    frames_here();
    STAY();
}
} // namespace net

extern "C" void cxx_frames(void);

extern "C" void cxx_frames(void)
{
    net::conn c = net::conn();
    c.serve(net::conn::count);
    STAY();
}
