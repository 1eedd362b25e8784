/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server inside. One thread, the host, has libmicrohttpd's daemon, all sockets and all deadlines; it never
 * waits for an answer. Workers make the answers. Two locks: pond_http.lock is held by the host while it
 * opens, closes or uses a descriptor, and by a fork; pond_http.work.lock is of what host and workers hand
 * each other.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <microhttpd.h>
#include <pond/http.h>
#include <pond/profile_write.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- where it listens: listen.c ---- */

struct place {
    int fd;
    uint16_t port; /* of TCP */
    char *path;    /* of a unix socket; NULL: TCP */
    dev_t device;  /* of the socket at that path */
    ino_t inode;
    char address[64]; /* what Host may name besides this machine; "": nothing */
};

bool place_open(struct place *place, const pond_http_options *o); /* false and errno: nothing is left open */
void place_close(struct place *place); /* its path is removed where it is still its own */

/* ---- a request: request.c ---- */

enum request_stage { REQUEST_COMES, REQUEST_IS_WHOLE, REQUEST_ASKED, REQUEST_ANSWERED };

/* From its first line on until its answer was sent or the connection broke. */
struct request {
    struct request *next; /* in one of the lists of struct work */
    struct MHD_Connection *connection;
    enum request_stage stage;
    pond_answer answer;
    bool failed; /* there is no answer: memory is out */
    char method[16];
    const char *query; /* behind the "?" of the path; NULL: it has none */
    char path[];
};

/* What libmicrohttpd calls, all of it on the host, with the server as `cls`. */
void *request_begin(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result request_come(void *cls, struct MHD_Connection *c, const char *path, const char *method,
                             const char *version, const char *body, size_t *body_size, void **request);
void request_end(void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why);

/* ---- who makes the answers: work.c ---- */

enum { WORKERS = 2 };

struct work {
    pthread_mutex_t lock; /* of the lists and of `over` */
    pthread_cond_t more;
    struct request *first, **last; /* asked */
    struct request *done;          /* answered, the host is to go on with them */
    bool over;
    unsigned allow; /* pond_answer.allow of all of them */
    int wake;       /* an eventfd: the host is to look */
    unsigned workers;
    pthread_t threads[WORKERS];
};

bool work_start(struct work *w); /* false and errno: none runs */
void work_ask(struct work *w, struct request *r);
struct request *work_done(struct work *w); /* all that is done */
void work_stop(struct work *w);            /* what was asked and not begun stays in `first` */

/* ---- who is connected: visitors.c ---- */

enum visit { VISIT_NONE, VISIT_SENDS, VISIT_WAITS, VISIT_TAKES, VISIT_ENDED };

struct visitor {
    int fd;
    enum visit visit;
    int64_t since; /* milliseconds, of what it does now */
};

struct visitors {
    struct visitor *slots; /* twice as many as may be: those that were ended are not gone at once */
    size_t most;
    int64_t patience; /* milliseconds for a request, or an answer */
    int64_t crowded;  /* for a request, when others wait to get in */
};

bool visitors_start(struct visitors *all, const pond_http_options *o);
struct visitor *visitors_enter(struct visitors *all, int fd); /* there is room for it */
struct visitor *visitors_find(struct visitors *all, int fd);
void visitor_now(struct visitor *v, enum visit visit); /* from now on it does this */
void visitor_leave(struct visitor *v);                 /* its descriptor is closed next */

bool visitors_have_room(const struct visitors *all);
/* Room for one more: made, if need be, by ending one that has had its time. False: there is none now. */
bool visitors_make_room(struct visitors *all);
void visitors_end_late(struct visitors *all);
void visitors_end_all(struct visitors *all); /* so that nobody waits for anything */
/* Milliseconds until there is somebody to end; -1: nobody. */
int64_t visitors_next(const struct visitors *all, bool crowded);

int64_t now_ms(void);

/* ---- the whole ---- */

struct pond_http {
    struct pond_http *next; /* of all in this process */
    pthread_mutex_t lock;
    struct place place;
    unsigned flags;
    struct MHD_Daemon *daemon;
    int epoll; /* its only descriptor besides the connections */
    struct visitors visitors;
    struct work work;
    bool crowded;         /* whoever wants to connect has to wait */
    int64_t accept_after; /* there were no descriptors */
    bool over, parents;   /* it is to end; it was another process's */
    pthread_t host;
};

void *host_run(void *server); /* host.c: until `over` */

#endif
