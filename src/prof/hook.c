// SPDX-License-Identifier: BSD-2-Clause
// fork, sh -c, and a wait that has an end.
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t running; // the command's process; 0: none

// All that is printed is printed at once, and nothing else is left behind: so the program may end here.
static void end(int number)
{
    (void)number;
    if (running > 0)
        kill(running, SIGTERM);
    _exit(0);
}

static void catch (int number, const struct sigaction *action)
{
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) // as nohup has it
        sigaction(number, action, NULL);
}

// A child's end is waited for by its signal, which has to wait for that.
static void set_child_signal(int how)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(how, &child, NULL);
}

void hook_signals(void)
{
    struct sigaction action = {.sa_handler = end};
    signal(SIGCHLD, SIG_DFL);
    set_child_signal(SIG_BLOCK);
    catch (SIGINT, &action);
    catch (SIGTERM, &action);
}

// What a value may have in it that no text has is left out: control characters, and half a character at its
// end.
static void set_variable(const hook_variable *v)
{
    char *text = NULL, shortened[1001];
    size_t size;
    snprintf(shortened, sizeof shortened, "%s", v->value);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        no_memory();
    put_name(out, shortened);
    if (fclose(out) != 0 || setenv(v->name, text, 1) != 0)
        no_memory();
    free(text);
}

static void execute(const char *command, int input)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    set_child_signal(SIG_UNBLOCK);
    if (dup2(input, STDIN_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

// False: the time is over.
static bool wait_for_signal(const struct timespec *until)
{
    sigset_t child;
    struct timespec now;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec left = {.tv_sec = until->tv_sec - now.tv_sec, .tv_nsec = until->tv_nsec - now.tv_nsec};
    if (left.tv_nsec < 0) {
        left.tv_nsec += 1000000000;
        left.tv_sec--;
    }
    return left.tv_sec >= 0 && (sigtimedwait(&child, NULL, &left) >= 0 || errno == EINTR);
}

static bool wait_for(pid_t pid, trouble *t)
{
    int status;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += HOOK_SECONDS;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (wait_for_signal(&until))
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        running = 0;
        return fail(t, "the command took longer than %d s and was ended.", HOOK_SECONDS);
    }
    running = 0;
    if (WIFSIGNALED(status))
        return fail(t, "the command was ended by signal %d.", WTERMSIG(status));
    return WEXITSTATUS(status) == 0 || fail(t, "the command ended with status %d.", WEXITSTATUS(status));
}

// Signals that end the program wait until it knows what else to end.
static pid_t start(const char *command, int input)
{
    sigset_t all, mask;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &mask);
    pid_t pid = fork();
    if (pid > 0)
        running = pid;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (pid == 0)
        execute(command, input);
    return pid;
}

bool hook_run(const char *command, const char *input, const hook_variable *variables, size_t count,
              trouble *t)
{
    int ends[2];
    for (size_t i = 0; i < count; i++)
        set_variable(&variables[i]);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(t, "no pipe: %s.", strerror(errno));
    fflush(stdout);
    fcntl(ends[1], F_SETFL, O_NONBLOCK); // more than it takes is not waited for
    ssize_t written = write(ends[1], input, strlen(input));
    close(ends[1]);
    pid_t pid = written < 0 ? -1 : start(command, ends[0]);
    int error = errno;
    close(ends[0]);
    return pid < 0 ? fail(t, "no process: %s.", strerror(error)) : wait_for(pid, t);
}
