/*
 * Reports in the server's own log: pond_on_report takes them over, and the server goes on. Here an error
 * and the end of a connection both put the connection back, as happens where two events lead to the same
 * clean-up. The second put is found, does nothing, and the log says who was first.
 */
#include "claim.h"
#include <inttypes.h>
#include <pond/debug.h>
#include <string.h>

struct conn {
    int fd;
    unsigned requests;
};

struct log {
    int lines;
    char last[256];
};

static pond *conns;
static struct conn *by_fd[16];

static void log_report(const pond_report *report, void *ctx)
{
    struct log *log = ctx;
    snprintf(log->last, sizeof(log->last), "%s: pond \"%s\": %s", report->word, report->pond, report->what);
    printf("log: %s; %s\n", log->last, report->advice);
    for (size_t i = 0; i < report->stack_count; i++)
        printf("log:     %s by thread %d in epoch %" PRIu64 ", %d frames\n", report->stacks[i].role,
               (int)report->stacks[i].thread, report->stacks[i].epoch, (int)report->stacks[i].count);
    log->lines++; /* report->text is the whole of it, with file and line */
}

static bool accept_on(int fd)
{
    by_fd[fd] = pond_get(conns);
    if (by_fd[fd] == NULL)
        return false;
    by_fd[fd]->fd = fd;
    return true;
}

static void clean_up(int fd)
{
    pond_put(conns, by_fd[fd]); /* by_fd[fd] = NULL is forgotten */
}

int main(void)
{
    struct log log = {0, ""};
    pond_on_report(log_report, &log);
    CLAIM(pond_debug_set("fast,stacks=8") == 0);
    conns = pond_create(&(pond_options){.name = "conns", .size = sizeof(struct conn)});
    CLAIM(conns != NULL);

    CLAIM(accept_on(3));
    clean_up(3); /* the connection was reset */
    CLAIM(log.lines == 0);
    clean_up(3); /* and so it ended */
    CLAIM(log.lines == 1 && strstr(log.last, "double: pond \"conns\": double put") == log.last);
    CLAIM(pond_report_count() == 1);

    CLAIM(accept_on(4) && accept_on(5) && by_fd[4] != by_fd[5]); /* it did no harm */
    clean_up(4);
    clean_up(5);
    CLAIM(pond_destroy(conns) == 0);
    return 0;
}
