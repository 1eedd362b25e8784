// SPDX-License-Identifier: BSD-2-Clause
// A server for tests of pond-prof: serve FILE [SOCKET [MUTE...]]
//
// Answers on 127.0.0.1, at a port that it prints, or on the unix socket at the path SOCKET: /debug/pprof/heap
// with FILE, /huge without end, /cut with less than it said, /empty, /moved, /html, else 404. At each MUTE it
// listens, and does not answer. Ends when its standard input does.
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *body;
static size_t body_size;

static void read_body(const char *path)
{
    FILE *file = fopen(path, "rb");
    body = malloc(1 << 20);
    if (file == NULL || body == NULL)
        exit(1);
    body_size = fread(body, 1, 1 << 20, file);
    fclose(file);
}

static ssize_t endless(void *context, uint64_t at, char *data, size_t room)
{
    (void)context;
    (void)at;
    memset(data, 'x', room);
    return (ssize_t)room;
}

static ssize_t cut(void *context, uint64_t at, char *data, size_t room)
{
    (void)context;
    if (at > 0 || room == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    data[0] = 'x';
    return 1;
}

static struct MHD_Response *response_to(const char *url, unsigned *status)
{
    static char html[] = "<html><body>Please log in.</body></html>\n";
    *status = 200;
    if (strcmp(url, "/debug/pprof/heap") == 0)
        return MHD_create_response_from_buffer(body_size, body, MHD_RESPMEM_PERSISTENT);
    if (strcmp(url, "/huge") == 0)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, endless, NULL, NULL);
    if (strcmp(url, "/cut") == 0)
        return MHD_create_response_from_callback(1000, 1000, cut, NULL, NULL);
    if (strcmp(url, "/empty") == 0)
        return MHD_create_response_from_buffer(0, html, MHD_RESPMEM_PERSISTENT);
    *status = strcmp(url, "/moved") == 0 ? 302 : strcmp(url, "/html") == 0 ? 200 : 404;
    return MHD_create_response_from_buffer(strlen(html), html, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **state)
{
    (void)context, (void)method, (void)version, (void)data, (void)size, (void)state;
    unsigned status;
    struct MHD_Response *response = response_to(url, &status);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static int listen_at(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0 || listen(fd, 8) != 0)
        exit(1);
    return fd;
}

int main(int count, char **words)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_OptionItem tcp[] = {{MHD_OPTION_SOCK_ADDR, 0, &here}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem local[] = {{MHD_OPTION_LISTEN_SOCKET, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (count < 2)
        return 2;
    read_body(words[1]);
    if (count > 2)
        local[0].value = listen_at(words[2]);
    for (int i = 3; i < count; i++)
        (void)listen_at(words[i]);
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                                                 MHD_OPTION_ARRAY, count > 2 ? local : tcp, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    printf("%u\n", count > 2 || info == NULL ? 0U : info->port);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    MHD_stop_daemon(daemon);
    return 0;
}
