/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No row may go on for ever: a peer that spins for a lock whose owner has no core, with eight threads on two
 * cores, could. A run of a row that takes more than a minute ends the program, with status 3.
 */
#ifndef BENCH_PATIENCE_H
#define BENCH_PATIENCE_H

#include <csignal>
#include <unistd.h>

constexpr unsigned patience_seconds = 60;

[[noreturn]] inline void lose_patience(int)
{
    static const char words[] = "a run of this row takes more than a minute: given up\n";
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    _exit(written > 0 ? 3 : 4);
}

/* From now on the minute counts; again, whenever it is called. */
inline void be_patient()
{
    std::signal(SIGALRM, lose_patience);
    alarm(patience_seconds);
}

#endif
