/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a row has as many threads as there are cores, each runs on its own: the scheduler may leave
 * short runs on one core, which then says nothing about the peer.
 */
#ifndef BENCH_CORES_H
#define BENCH_CORES_H

#include <sched.h>

class core_of_its_own
{
  public:
    core_of_its_own(int thread, int threads)
    {
        sched_getaffinity(0, sizeof before, &before);
        if (threads != CPU_COUNT(&before))
            return;
        cpu_set_t own;
        CPU_ZERO(&own);
        CPU_SET(core(thread), &own);
        sched_setaffinity(0, sizeof own, &own);
    }
    ~core_of_its_own() { sched_setaffinity(0, sizeof before, &before); }
    core_of_its_own(const core_of_its_own &) = delete;
    core_of_its_own &operator=(const core_of_its_own &) = delete;

  private:
    /* The nth of the cores this program may run on. */
    unsigned core(int n) const
    {
        unsigned at = 0;
        while (!CPU_ISSET(at, &before) || n-- > 0)
            at++;
        return at;
    }

    cpu_set_t before;
};

#endif
