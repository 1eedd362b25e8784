/* The room that all clients are in. */
#include "chat.h"
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct client *clients;
static int members; /* that are not closed yet */

void room_enter(struct client *c)
{
    pthread_mutex_lock(&lock);
    c->next = clients;
    clients = c;
    members++;
    pthread_mutex_unlock(&lock);
}

void room_leave(struct client *c)
{
    pthread_mutex_lock(&lock);
    struct client **place = &clients;
    while (*place != c)
        place = &(*place)->next;
    *place = c->next;
    pthread_mutex_unlock(&lock);
    client_close(c);
    pthread_mutex_lock(&lock);
    members--;
    pthread_cond_signal(&left);
    pthread_mutex_unlock(&lock);
}

void room_rename(struct client *c, const char *name)
{
    pthread_mutex_lock(&lock);
    snprintf(c->name, sizeof(c->name), "%.23s", name);
    pthread_mutex_unlock(&lock);
}

void room_say(struct client *from, const char *text)
{
    pthread_mutex_lock(&lock);
    for (struct client *c = clients; c != NULL; c = c->next) {
        struct message *m = c != from ? format_message("%s: %s\n", from->name, text) : NULL;
        if (m != NULL)
            client_send(c, m);
    }
    pthread_mutex_unlock(&lock);
}

void room_list(struct client *to)
{
    pthread_mutex_lock(&lock);
    for (struct client *c = clients; c != NULL; c = c->next) {
        struct message *m = format_message("* %s%s\n", c->name, c == to ? " (you)" : "");
        if (m != NULL)
            client_send(to, m);
    }
    pthread_mutex_unlock(&lock);
}

void room_wait_until_empty(void)
{
    pthread_mutex_lock(&lock);
    while (members > 0)
        pthread_cond_wait(&left, &lock);
    pthread_mutex_unlock(&lock);
}
