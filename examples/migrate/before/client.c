/* One client: its input by lines, and the queue of what is to be sent to it. */
#include "chat.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client *client_open(int fd)
{
    static int clients;
    struct client *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return NULL;
    }
    if (pthread_cond_init(&c->changed, NULL) != 0) {
        pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
    }
    c->fd = fd;
    snprintf(c->name, sizeof(c->name), "guest%d", ++clients);
    return c;
}

static struct message *take_first(struct client *c)
{
    struct message *m = c->first;
    if (m != NULL)
        c->first = m->next;
    return m;
}

void client_close(struct client *c)
{
    struct message *m;
    while ((m = take_first(c)) != NULL)
        release_message(m);
    close(c->fd);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* The next line without its end; false: there is none any more. A line that is too long comes in parts. */
bool client_read_line(struct client *c, char *line, size_t size)
{
    for (;;) {
        char *end = memchr(c->input, '\n', c->filled);
        size_t length = end != NULL ? (size_t)(end - c->input) : c->filled;
        if (end != NULL || length >= size - 1 || length == sizeof(c->input)) {
            size_t taken = length < size - 1 ? length : size - 1;
            memcpy(line, c->input, taken);
            line[taken] = '\0';
            taken += end != NULL && taken == length;
            c->filled -= taken;
            memmove(c->input, c->input + taken, c->filled);
            return true;
        }
        ssize_t n = read(c->fd, c->input + c->filled, sizeof(c->input) - c->filled);
        if (n <= 0)
            return false;
        c->filled += (size_t)n;
    }
}

void client_send(struct client *c, struct message *m)
{
    pthread_mutex_lock(&c->lock);
    if (c->first == NULL)
        c->first = m;
    else
        c->last->next = m;
    c->last = m;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void client_leave(struct client *c)
{
    pthread_mutex_lock(&c->lock);
    c->leaving = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static struct message *wait_for_message(struct client *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->first == NULL && !c->leaving)
        pthread_cond_wait(&c->changed, &c->lock);
    struct message *m = take_first(c);
    pthread_mutex_unlock(&c->lock);
    return m;
}

void client_write_queue(struct client *c)
{
    struct message *m;
    while ((m = wait_for_message(c)) != NULL) {
        (void)!send(c->fd, m->text, m->length, MSG_NOSIGNAL);
        release_message(m);
    }
}
