/* A small chat server, as it was before it used ponds. See ../README.md. */
#ifndef CHAT_H
#define CHAT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* One line on its way to one client. */
struct message {
    struct message *next; /* in a client's queue, or in the list of spare messages */
    size_t length;
    char text[300];
};

struct client {
    struct client *next; /* in the list of all clients */
    int fd;
    char name[24];
    pthread_mutex_t lock; /* of the queue and leaving */
    pthread_cond_t changed;
    struct message *first, *last; /* to be sent, oldest first */
    bool leaving;
    size_t filled; /* bytes of input */
    char input[256];
};

/* message.c */
struct message *new_message(void);
void release_message(struct message *m);
struct message *format_message(const char *format, ...);

/* client.c */
struct client *client_open(int fd);
void client_close(struct client *c);
bool client_read_line(struct client *c, char *line, size_t size);
void client_send(struct client *c, struct message *m); /* m is no longer the caller's */
void client_write_queue(struct client *c);             /* until the client leaves */
void client_leave(struct client *c);

/* room.c */
void room_enter(struct client *c);
void room_leave(struct client *c); /* and close it */
void room_rename(struct client *c, const char *name);
void room_say(struct client *from, const char *text); /* to all but from */
void room_list(struct client *to);
void room_wait_until_empty(void);

#endif
