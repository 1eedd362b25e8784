/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a pointer sent through a pipe to a forked child, which has no such object
// word: tag
// report: pond: tag: put of
#include "misuse.h"

#include <sys/wait.h>

static int child(pond *p, int pipe_end)
{
    void *obj;
    expect(read(pipe_end, &obj, sizeof obj) == sizeof obj, "a pointer");
    pond_put(p, wrong ? obj : must_get(p));
    return 0;
}

static void program(void)
{
    pond *p = make_conns();
    int ends[2], status = 0;
    expect(pipe(ends) == 0, "a pipe");
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(p, ends[0]));
    void *obj = must_get(p); /* after the fork: the parent's alone */
    expect(write(ends[1], &obj, sizeof obj) == sizeof obj && waitpid(pid, &status, 0) == pid, "a child");
    if (status != 0)
        abort();
    pond_put(p, obj);
    end(p);
}
