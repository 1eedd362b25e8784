// SPDX-License-Identifier: BSD-2-Clause
// A file or standard output.
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_open(output *out, const char *path, trouble *t)
{
    *out = (output){.file = stdout};
    if (path == NULL || strcmp(path, "-") == 0)
        return true;
    out->path = path;
    out->file = fopen(path, "we");
    if (out->file == NULL) {
        fail(t, "it cannot be written: %s.", strerror(errno));
        return fail_of(t, path);
    }
    return true;
}

static void remove_file(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
        unlink(path);
}

bool output_close(output *out, trouble *t)
{
    errno = 0;
    bool bad = fflush(out->file) != 0;
    int error = errno;
    bad = ferror(out->file) != 0 || bad;
    if (fclose(out->file) != 0 && !bad) {
        error = errno;
        bad = true;
    }
    if (!bad || (error == EPIPE && out->path == NULL))
        return true;
    fail(t, "it could not be written whole: %s.", error == 0 ? "an earlier write failed" : strerror(error));
    if (out->path != NULL)
        remove_file(out->path);
    return fail_of(t, out->path == NULL ? "standard output" : out->path);
}
