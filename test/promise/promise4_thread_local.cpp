/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* Promise 4 in C++: gets and puts in the destructors of thread_local objects. */
#include "test.h"

#include <atomic>
#include <thread>
#include <vector>

TestSuite(promise4_cpp, .timeout = TEST_ALARM);

namespace
{
std::atomic<int> destroyed(0);
std::atomic<int> owners_gone(0);
pond *shared;

void count_destroyed(void *, pond_drop_reason, void *)
{
    destroyed++;
}

/* Keeps an object for as long as its thread lives, and works with the pond when it dies. */
struct owner {
    void *held;
    owner() : held(pond_get(shared)) {}
    ~owner()
    {
        void *objs[30];
        for (void *&obj : objs)
            obj = pond_get(shared);
        pond_put_many(shared, objs, 30);
        pond_put(shared, held);
        owners_gone++;
    }
};

void use_thread_local()
{
    static thread_local owner mine;
    must(mine.held != nullptr, "no object: errno %d", errno);
}
} // namespace

Test(promise4_cpp, thread_local_destructors)
{
    pond_options options = pond_options();
    options.size = 64;
    options.destroy = count_destroyed;
    shared = test_pond(options);
    for (int round = 0; round < 50; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; i++)
            threads.emplace_back(use_thread_local);
        for (std::thread &thread : threads)
            thread.join();
    }
    cr_assert_eq(owners_gone.load(), 200);
    pond_stats s = test_stats(shared);
    cr_assert_eq(s.live, 0u);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(destroyed.load(), (int)s.constructed);
    cr_assert_eq(pond_destroy(shared), 0);
}
