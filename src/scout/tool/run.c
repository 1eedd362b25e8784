// SPDX-License-Identifier: BSD-2-Clause
// Runs the command with the library preloaded.
#include "../../launch/launch.h"
#include "scout.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int run(const asked *a, const char *directory)
{
    launch_result result = {0};
    char why[600];
    set_environment(a, directory);
    if (!launch(a->command, &result, why, sizeof why)) {
        rmdir(directory);
        end_with("%s", why);
    }
    if (result.signal == 0)
        return result.status;
    note("signal %d (%s) ended the command.", result.signal, strsignal(result.signal));
    return 128 + result.signal;
}
