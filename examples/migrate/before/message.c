/* Messages, kept in a list of spare ones between two uses. */
#include "chat.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static struct message *spare;

struct message *new_message(void)
{
    struct message *m;

    pthread_mutex_lock(&spare_lock);
    m = spare;
    if (m != NULL)
        spare = m->next;
    pthread_mutex_unlock(&spare_lock);
    if (m == NULL)
        m = malloc(sizeof(*m));
    return m;
}

void release_message(struct message *m)
{
    pthread_mutex_lock(&spare_lock);
    m->next = spare;
    spare = m;
    pthread_mutex_unlock(&spare_lock);
}

struct message *format_message(const char *format, ...)
{
    struct message *m = new_message();
    if (m == NULL)
        return NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(m->text, sizeof(m->text), format, arguments);
    va_end(arguments);
    m->length = length < (int)sizeof(m->text) ? (size_t)length : sizeof(m->text) - 1;
    m->next = NULL;
    return m;
}
