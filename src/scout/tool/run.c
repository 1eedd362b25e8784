// SPDX-License-Identifier: BSD-2-Clause
// Runs the command with the library preloaded. Signals of the terminal go to both; those sent to this process
// alone are passed on.
#include "scout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void pass_on(int number, siginfo_t *about, void *context)
{
    (void)context;
    int error = errno;
    if (child > 0 && about->si_code <= 0)
        kill(child, number);
    errno = error;
}

// Beside this program, where it was built, or where both are installed.
static char *find_library(void)
{
    char own[4096];
    static const char *const places[] = {"libpond-scout.so", "../lib/pond/libpond-scout.so"};
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        end_with("/proc/self/exe cannot be read, beside which libpond-scout.so lies.");
    own[length] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = text_of("%.*s%s", (int)(strrchr(own, '/') + 1 - own), own, places[i]);
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    end_with("libpond-scout.so is neither beside this program nor in ../lib/pond from there.");
}

static void set_environment(const asked *a, const char *directory)
{
    const char *others = getenv("LD_PRELOAD");
    char *library = find_library();
    if (strpbrk(library, " :") != NULL)
        end_with("the loader cannot take %s: a space or colon is in its path.", library);
    if (others != NULL && others[0] != '\0')
        library = text_of("%s:%s", library, others);
    setenv("LD_PRELOAD", library, 1);
    setenv("POND_SCOUT_DIR", directory, 1);
    setenv("POND_SCOUT", text_of("rate=%lu,depth=%lu,tick=%lu", a->rate, a->depth, a->tick_ms), 1);
}

static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { PASSED = sizeof passed / sizeof *passed };

static pid_t start(const asked *a, const char *directory, int failed)
{
    struct sigaction before[PASSED], action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t all, mask;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &mask); /* until there is a child to pass them to */
    for (int i = 0; i < PASSED; i++) {
        sigaction(passed[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(passed[i], &action, NULL);
    }
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < PASSED; i++)
            sigaction(passed[i], &before[i], NULL);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        set_environment(a, directory);
        execvp(a->command[0], a->command);
        int error = errno;
        ssize_t told = write(failed, &error, sizeof error);
        _exit(told == sizeof error ? 127 : 126);
    }
    child = pid;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return pid;
}

int run(const asked *a, const char *directory)
{
    int ends[2], error = 0, status = 0;
    free(find_library());
    if (pipe2(ends, O_CLOEXEC) != 0)
        end_with("no pipe could be made: %s.", strerror(errno));
    pid_t pid = start(a, directory, ends[1]);
    close(ends[1]);
    if (pid < 0)
        end_with("no process could be made: %s.", strerror(errno));
    ssize_t got = read(ends[0], &error, sizeof error);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    child = 0;
    if (got == sizeof error) {
        rmdir(directory);
        end_with("%s cannot be run: %s.", a->command[0], strerror(error));
    }
    if (WIFSIGNALED(status))
        note("signal %d (%s) ended the command.", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
