/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A burst of stalled connections: stall PORT CONNECTIONS SECONDS BYTES
 *
 * Connects so many times to a memcached on this machine, sends about so many bytes of commands on each
 * connection, the last of them without its end, and that end so many seconds later. Until then memcached has
 * a read buffer for each, as for clients on a line that has stalled. Every one of them must be answered, or
 * the status is 1.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { most_connections = 20000, most_seconds = 60, most_bytes = 16000, answer_seconds = 20 };

/* What a connection sends: quiet gets, to which nothing is answered, since nobody has stored what they ask
 * for; half a get, and later the rest of it. */
static char batch[most_bytes + 64];
static const char half[] = "mg nobody-has", rest[] = "-stored-this\r\n", answer[] = "EN\r\n";

static void make_batch(size_t bytes)
{
    size_t length = 0;
    for (int i = 0; length + sizeof(half) + 48 < bytes; i++)
        length +=
            (size_t)snprintf(batch + length, sizeof(batch) - length, "mg nobody-has-stored-key-%d q\r\n", i);
    memcpy(batch + length, half, sizeof(half));
}

/* From 1 to `most`; 0: it is no such number. */
static int number(const char *text, int most)
{
    char *end;
    long value = strtol(text, &end, 10);
    return *text != '\0' && *end == '\0' && value >= 1 && value <= most ? (int)value : 0;
}

/* Room for so many files; false: this process may not have them. */
static bool allow_files(rlim_t files)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    if (limit.rlim_cur >= files)
        return true;
    limit.rlim_cur = files;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* A connection on which the batch was sent; -1: there is none. */
static int stalled_connection(const struct sockaddr_in *server)
{
    const struct timeval patience = {.tv_sec = answer_seconds};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s >= 0 && setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(s, (const struct sockaddr *)server, sizeof(*server)) == 0 &&
        send(s, batch, strlen(batch), MSG_NOSIGNAL) == (ssize_t)strlen(batch))
        return s;
    perror("stall: a connection");
    return -1;
}

/* True when the get was answered. */
static bool is_answered(int s)
{
    char said[sizeof(answer)];
    size_t have = 0;
    while (have < strlen(answer)) {
        ssize_t n = recv(s, said + have, strlen(answer) - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return memcmp(said, answer, have) == 0;
}

static int go_on(const int *connections, int n)
{
    int answered = 0;
    for (int i = 0; i < n; i++)
        (void)send(connections[i], rest, strlen(rest), MSG_NOSIGNAL);
    for (int i = 0; i < n; i++)
        answered += is_answered(connections[i]);
    for (int i = 0; i < n; i++)
        close(connections[i]);
    return answered;
}

int main(int argc, char **argv)
{
    static int connections[most_connections];
    struct sockaddr_in server = {.sin_family = AF_INET};
    int port = argc == 5 ? number(argv[1], 65535) : 0, answered;
    int n = argc == 5 ? number(argv[2], most_connections) : 0;
    int seconds = argc == 5 ? number(argv[3], most_seconds) : 0;
    int bytes = argc == 5 ? number(argv[4], most_bytes) : 0;
    if (port == 0 || n == 0 || seconds == 0 || bytes == 0) {
        fprintf(stderr, "usage: stall PORT CONNECTIONS SECONDS BYTES, at most %d, %d and %d\n",
                most_connections, most_seconds, most_bytes);
        return 2;
    }
    if (!allow_files((rlim_t)n + 16)) {
        fprintf(stderr, "stall: this user may not have %d files open\n", n + 16);
        return 1;
    }
    make_batch((size_t)bytes);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons((uint16_t)port);
    for (int i = 0; i < n; i++) {
        connections[i] = stalled_connection(&server);
        if (connections[i] < 0)
            return 1;
    }
    (void)nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    answered = go_on(connections, n);
    printf("%d connections stalled for %d s with %d bytes each, %d of them answered then\n", n, seconds,
           (int)strlen(batch), answered);
    return answered == n ? 0 : 1;
}
