/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork, exec, wait. What the terminal sends (Ctrl-C) goes to the command as well, which is in the same
 * process group: so only signals that somebody sent to this process alone are passed on.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "launch.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { PASSED = sizeof(passed) / sizeof(passed[0]) };

static volatile sig_atomic_t child;

static bool pipe_ignored;
static struct sigaction pipe_before;

void launch_ignore_sigpipe(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    pipe_ignored = sigaction(SIGPIPE, &ignore, &pipe_before) == 0;
}

static void pass_on(int number, siginfo_t *about, void *context)
{
    (void)context;
    int error = errno;
    if (child > 0 && about->si_code <= 0)
        kill(child, number);
    errno = error;
}

/* In the child: tells by the pipe why there is nothing to run; it is closed where there is. */
static void execute(char **command, int failed, const struct sigaction *before, const sigset_t *mask)
{
    for (int i = 0; i < PASSED; i++)
        sigaction(passed[i], &before[i], NULL);
    if (pipe_ignored)
        sigaction(SIGPIPE, &pipe_before, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command[0], command);
    int error = errno;
    ssize_t told = write(failed, &error, sizeof(error));
    _exit(told == sizeof(error) ? 127 : 126);
}

static void wait_for(pid_t pid, launch_result *result)
{
    int status = 0;
    siginfo_t about;
    while (waitid(P_PID, (id_t)pid, &about, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        ;
    child = 0; /* its number is still its own: nobody else was sent a signal */
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        result->signal = WTERMSIG(status);
    else
        result->status = WEXITSTATUS(status);
}

/* Signals wait while there is no child to pass them to. */
static pid_t start(char **command, int failed)
{
    struct sigaction before[PASSED], action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t all, mask;
    sigemptyset(&all);
    for (int i = 0; i < PASSED; i++)
        sigaddset(&all, passed[i]);
    sigprocmask(SIG_BLOCK, &all, &mask);
    for (int i = 0; i < PASSED; i++) {
        sigaction(passed[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) /* as nohup has it */
            sigaction(passed[i], &action, NULL);
    }
    pid_t pid = fork();
    if (pid == 0)
        execute(command, failed, before, &mask);
    child = pid;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return pid;
}

static bool cannot(char *why, size_t n, const char *what, int error)
{
    (void)snprintf(why, n, "%s: %s.", what, strerror(error));
    return false;
}

bool launch(char **command, launch_result *result, char *why, size_t n)
{
    int ends[2], error = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cannot(why, n, "no pipe could be made", errno);
    pid_t pid = start(command, ends[1]);
    int refused = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cannot(why, n, "no process could be made", refused);
    }
    result->pid = pid;
    ssize_t got = read(ends[0], &error, sizeof(error));
    close(ends[0]);
    wait_for(pid, result);
    if (got != sizeof(error))
        return true;
    (void)snprintf(why, n, "%s cannot be run: %s.", command[0], strerror(error));
    return false;
}
