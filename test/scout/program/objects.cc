// SPDX-License-Identifier: BSD-2-Clause
// Objects that the C++ library's templates allocate.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

struct Conn {
    long fields[30];
    std::string name;
};

__attribute__((noinline)) static std::unique_ptr<Conn> accept_one(int i)
{
    std::unique_ptr<Conn> c = std::make_unique<Conn>();
    c->name = std::string(40 + static_cast<size_t>(i) % 3, 'x');
    return c;
}

int main(int, char **argv)
{
    std::map<int, int> last;
    for (int i = 0; i < std::atoi(argv[1]); i++) {
        std::unique_ptr<Conn> c = accept_one(i);
        last[i % 100] = static_cast<int>(c->name.size());
    }
    return last.empty() ? 1 : 0;
}
