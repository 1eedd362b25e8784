/*
 * chat: a line that one client sends goes to all others. It listens on a port of 127.0.0.1 that it prints;
 * /name NAME, /who, /quit, and /end, which ends the server once all have quit.
 */
#include "chat.h"
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener;

static void *write_messages(void *client)
{
    client_write_queue(client);
    return NULL;
}

static void *serve(void *client)
{
    struct client *c = client;
    pthread_t writer;
    char line[200];
    bool writes = pthread_create(&writer, NULL, write_messages, c) == 0;
    while (writes && client_read_line(c, line, sizeof(line)) && strcmp(line, "/quit") != 0) {
        if (strncmp(line, "/name ", 6) == 0)
            room_rename(c, line + 6);
        else if (strcmp(line, "/who") == 0)
            room_list(c);
        else if (strcmp(line, "/end") == 0)
            shutdown(listener, SHUT_RDWR);
        else
            room_say(c, line);
    }
    client_leave(c);
    if (writes)
        pthread_join(writer, NULL);
    room_leave(c);
    return NULL;
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return -1;
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    int fd;
    listener = listen_somewhere();
    if (listener < 0) {
        perror("chat");
        return 1;
    }
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        pthread_t thread;
        struct client *c = client_open(fd);
        if (c == NULL) {
            close(fd);
            continue;
        }
        room_enter(c);
        if (pthread_create(&thread, NULL, serve, c) == 0) {
            pthread_detach(thread);
            continue;
        }
        room_leave(c);
    }
    room_wait_until_empty();
    close(listener);
    return 0;
}
