/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load that is the same each time: ask PORT FILE CONNECTIONS ROUNDS PAUSE_MS. Each round opens so many
 * connections, sends the file on each, and reads until the server closes them; then it pauses. 1: a server
 * did not answer.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, MOST = 256 };

static char text[MOST_BYTES];
static size_t text_size;

static int open_connection(int port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        write(fd, text, text_size) != (ssize_t)text_size) {
        perror("ask");
        exit(1);
    }
    return fd;
}

/* All at once, as clients are. */
static size_t read_all(struct pollfd *all, int count)
{
    static char got[65536];
    size_t bytes = 0;
    int open = count;
    while (open > 0 && poll(all, (nfds_t)count, 20000) > 0)
        for (int i = 0; i < count; i++) {
            if (all[i].fd < 0 || all[i].revents == 0)
                continue;
            ssize_t n = read(all[i].fd, got, sizeof got);
            bytes += n > 0 ? (size_t)n : 0;
            if (n > 0)
                continue;
            close(all[i].fd);
            all[i].fd = -1;
            open--;
        }
    return open == 0 ? bytes : 0;
}

int main(int argc, char **argv)
{
    struct pollfd all[MOST];
    FILE *in = argc == 6 ? fopen(argv[2], "r") : NULL;
    int connections = argc == 6 ? atoi(argv[3]) : 0;
    if (in == NULL || connections < 1 || connections > MOST)
        return 2;
    text_size = fread(text, 1, sizeof text, in);
    for (int round = 0; round < atoi(argv[4]); round++) {
        for (int i = 0; i < connections; i++)
            all[i] = (struct pollfd){.fd = open_connection(atoi(argv[1])), .events = POLLIN};
        if (read_all(all, connections) == 0) {
            fprintf(stderr, "ask: no answer in round %d.\n", round);
            return 1;
        }
        struct timespec pause = {.tv_nsec = atol(argv[5]) * 1000000};
        nanosleep(&pause, NULL);
    }
    return 0;
}
