/* SPDX-License-Identifier: BSD-2-Clause */
#include "forms.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

/* ---- to the file ---- */

/* A file that does not block is waited for. */
static bool write_may_go_on(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (errno == EINTR)
        return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return false;
    while (poll(&ready, 1, -1) < 0)
        if (errno != EINTR)
            return false;
    return true;
}

static bool write_all(int fd, const struct bytes *b)
{
    size_t done = 0;
    while (done < b->length) {
        ssize_t n = write(fd, b->data + done, b->length - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            errno = EIO; /* it would go on like that */
        if (n == 0 || (n < 0 && !write_may_go_on(fd)))
            return false;
    }
    return true;
}

/* ---- the profile ---- */

static bool write_form(struct bytes *to, struct snapshot *s, pond_profile_format format, enum value value)
{
    struct places places;
    bool made = places_find(&places, s);
    if (made && format == POND_PROFILE_PPROF)
        made = form_pprof(to, s, &places);
    else if (made && format == POND_PROFILE_FOLDED)
        made = form_folded(to, s, &places, value);
    else if (made)
        made = form_text(to, s, &places);
    places_free(&places);
    if (!made)
        errno = ENOMEM;
    return made;
}

static bool write_profile(const pond_profile_source *source, int fd, pond_profile_format format,
                          enum value value)
{
    struct snapshot s;
    struct bytes b = {.data = NULL};
    bool done = snapshot_take(&s, source) && write_form(&b, &s, format, value) && write_all(fd, &b);
    int error = errno;
    bytes_free(&b);
    snapshot_free(&s);
    errno = error;
    return done;
}

bool source_is_whole(const pond_profile_source *s)
{
    if (s == NULL || s->size < sizeof *s)
        return false;
    bool profile = s->each != NULL && s->rate != NULL && s->lost != NULL && s->seconds != NULL;
    bool ponds = s->ponds != NULL && s->stats != NULL && s->name != NULL && s->type_name != NULL &&
                 s->limits != NULL && s->history != NULL;
    return profile && ponds && s->trace != NULL && s->fine != NULL;
}

/* Not to be cancelled meanwhile, for the memory's sake. Where all goes well errno stays as it was. */
int pond_profile_write_from(const pond_profile_source *source, int fd, pond_profile_format format,
                            const char *value)
{
    int cancel, saved = errno;
    enum value wanted = value_of(value);
    if (!source_is_whole(source) || (unsigned)format > POND_PROFILE_TEXT || wanted == VALUES) {
        errno = EINVAL;
        return -1;
    }
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    bool done = write_profile(source, fd, format, wanted);
    int error = errno;
    (void)pthread_setcancelstate(cancel, NULL);
    errno = done ? saved : error;
    return done ? 0 : -1;
}
