/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "serve.h"
#include "compress.h"
#include "files.h"
#include "plant.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A larger file is sent as it is: an answer is compressed whole, in memory. */
static const off_t most_compressed = 16 << 20;

static enum MHD_Result send_response(struct MHD_Connection *c, struct request *r, unsigned status,
                                     struct MHD_Response *response)
{
    r->status = status;
    enum MHD_Result queued = MHD_queue_response(c, status, response);
    MHD_destroy_response(response); /* our share; the rest of it when the last byte was sent */
    return queued;
}

/* A refusal in plain words. */
static enum MHD_Result refuse(struct MHD_Connection *c, struct request *r, unsigned status)
{
    const char *text = MHD_get_reason_phrase_for(status);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO; /* ends the connection */
    MHD_add_response_header(response, "Content-Type", "text/plain");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    r->sent = strlen(text);
    return send_response(c, r, status, response);
}

static unsigned status_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return MHD_HTTP_NOT_FOUND;
    case EACCES:
    case EPERM:
        return MHD_HTTP_FORBIDDEN;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static void answer_sent(void *answer)
{
    buffer_close(answer);
}

/* NULL and errno. fd stays the caller's. */
static struct MHD_Response *gzip_response(struct request *r, int fd, off_t size)
{
    if (!compress_file(r, fd, (size_t)size))
        return NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        r->answer->used, r->answer->bytes, answer_sent, r->answer);
    if (response == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    r->sent = r->answer->used;
    r->answer = NULL; /* the response's from here on */
    MHD_add_response_header(response, "Content-Encoding", "gzip");
    return response;
}

/* As gzip_response, but the response owns an fd of its own. */
static struct MHD_Response *plain_response(struct request *r, int fd, off_t size)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return NULL;
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)size, own);
    if (response == NULL) {
        close(own);
        errno = ENOMEM;
        return NULL;
    }
    r->sent = (size_t)size;
    return response;
}

/* HEAD costs what GET does: the length of the answer has to be known. MHD leaves the body out. */
static enum MHD_Result send_file(struct MHD_Connection *c, struct request *r, const char *path, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return refuse(c, r, MHD_HTTP_NOT_FOUND);
    struct content content = file_content(path);
    const char *accepts = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Encoding");
    bool squeeze = content.squeezes && st.st_size <= most_compressed && accepts_gzip(accepts);
    struct MHD_Response *response =
        squeeze ? gzip_response(r, fd, st.st_size) : plain_response(r, fd, st.st_size);
    if (response == NULL)
        return refuse(c, r, status_of(errno));
    MHD_add_response_header(response, "Content-Type", content.type);
    if (content.squeezes)
        MHD_add_response_header(response, "Vary", "Accept-Encoding");
    return send_response(c, r, MHD_HTTP_OK, response);
}

static enum MHD_Result answer(const struct site *site, struct MHD_Connection *c, struct request *r,
                              const char *path, const char *method)
{
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(c, r, MHD_HTTP_METHOD_NOT_ALLOWED);
    int fd = file_open(site->root, path);
    if (fd < 0)
        return refuse(c, r, status_of(errno));
    enum MHD_Result sent = send_file(c, r, path, fd);
    close(fd);
    return sent;
}

/* What the log will want to know when the request is over. */
static void note(struct request *r, struct MHD_Connection *c, const char *method, const char *path)
{
    const union MHD_ConnectionInfo *from = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr_in *in = (const void *)from->client_addr;
    inet_ntop(AF_INET, &in->sin_addr, r->client, sizeof(r->client));
    snprintf(r->target, sizeof(r->target), "%s %s", method, path);
    for (char *p = r->target; *p != '\0'; p++) /* a path can hold line ends and terminal codes */
        if (!isprint((unsigned char)*p))
            *p = '?';
}

enum MHD_Result serve_request(void *cls, struct MHD_Connection *c, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_size, void **request)
{
    (void)version, (void)body;
    const struct site *site = cls;
    if (*request == NULL) {
        *request = request_open();
        if (*request != NULL && site->log)
            note(*request, c, method, path);
        return *request != NULL ? MHD_YES : MHD_NO; /* NO ends the connection: not even memory to refuse */
    }
    if (*body_size > 0) { /* nobody reads it */
        *body_size = 0;
        return MHD_YES;
    }
    return answer(site, c, *request, path, method);
}

void serve_request_end(void *cls, struct MHD_Connection *c, void **request,
                       enum MHD_RequestTerminationCode why)
{
    (void)c;
    const struct site *site = cls;
    struct request *r = *request;
    *request = NULL;
    if (r != NULL && site->log)
        printf("%s \"%s\" %u %zu%s\n", r->client, r->target, r->status, r->sent,
               why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? "" : " (broken off)");
    if (r != NULL)
        plant_request(r);
    request_close(r);
}
