/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Opens one part of a path, which is `length` characters of text. */
static int open_part(int dir, const char *text, size_t length, bool last)
{
    char name[NAME_MAX + 1] = "index.html";
    if (length >= sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (length > 0) {
        memcpy(name, text, length);
        name[length] = '\0';
    }
    if (strcmp(name, "..") == 0) {
        errno = EACCES;
        return -1;
    }
    /* O_NONBLOCK: opening a FIFO must not wait for its writer */
    return openat(dir, name, O_NOFOLLOW | O_CLOEXEC | (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
}

int file_open(int root, const char *path)
{
    int dir = root;
    for (;;) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        bool last = path[length] == '\0';
        int part = open_part(dir, path, length, last);
        if (dir != root) {
            int error = errno;
            close(dir);
            errno = error;
        }
        if (part < 0 || last)
            return part;
        dir = part;
        path += length;
    }
}

struct content file_content(const char *path)
{
    static const struct {
        const char *suffix;
        struct content content;
    } known[] = {
        {".html", {"text/html; charset=utf-8", true}},
        {".css", {"text/css; charset=utf-8", true}},
        {".js", {"text/javascript; charset=utf-8", true}},
        {".json", {"application/json", true}},
        {".xml", {"application/xml", true}},
        {".svg", {"image/svg+xml", true}},
        {".txt", {"text/plain; charset=utf-8", true}},
        {".md", {"text/markdown; charset=utf-8", true}},
        {".c", {"text/x-c; charset=utf-8", true}},
        {".cc", {"text/x-c; charset=utf-8", true}},
        {".h", {"text/x-c; charset=utf-8", true}},
        {".wasm", {"application/wasm", true}},
        {".pdf", {"application/pdf", false}},
        {".png", {"image/png", false}},
        {".jpg", {"image/jpeg", false}},
        {".jpeg", {"image/jpeg", false}},
        {".gif", {"image/gif", false}},
        {".webp", {"image/webp", false}},
        {".woff2", {"font/woff2", false}},
        {".mp4", {"video/mp4", false}},
        {".zip", {"application/zip", false}},
        {".gz", {"application/gzip", false}},
        {".xz", {"application/x-xz", false}},
        {".zst", {"application/zstd", false}},
    };
    const char *name = strrchr(path, '/');
    name = name != NULL ? name + 1 : path;
    const char *suffix = strrchr(name[0] != '\0' ? name : "index.html", '.');
    if (suffix == NULL) /* README, LICENSE, GPL-3 */
        return (struct content){"text/plain; charset=utf-8", true};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(suffix, known[i].suffix) == 0)
            return known[i].content;
    return (struct content){"application/octet-stream", true};
}

/* Whether the parameters of a coding (";q=0.5") say more than none. */
static bool wanted(const char *parameters, size_t length)
{
    const char *q = memchr(parameters, '=', length);
    if (q == NULL)
        return true;
    q++;
    const char *end = parameters + length;
    const char *digit = q + strspn(q, " \t0.");
    return digit < end && *digit >= '1' && *digit <= '9';
}

/* The list reads "gzip;q=0.5, br, *;q=0". What it names counts more than its star. */
bool accepts_gzip(const char *list)
{
    bool star = false;
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t name = strcspn(list, " \t;,");
        size_t all = strcspn(list, ",");
        bool want = wanted(list + name, all - name);
        if ((name == 4 && strncasecmp(list, "gzip", name) == 0) ||
            (name == 6 && strncasecmp(list, "x-gzip", name) == 0))
            return want;
        if (name == 1 && *list == '*')
            star = want;
        list += all;
    }
    return star;
}
