// SPDX-License-Identifier: BSD-2-Clause
// Attacks on a server of pages, and what its program's own clients notice:
//
//     attack traffic PORT PATH SECONDS   asks one thing after the other; prints: REQUESTS WORST_MS FAILED
//     attack half-open PORT N SECONDS    N connections that send half a line; prints how many are left at the
//     end attack slow PORT PATH SECONDS      takes a byte now and then; prints after how many bytes of how
//     many it ended attack large PORT BYTES            a request with so large a body; prints the answer's
//     status attack parallel PORT PATH N        N ask the same at once; prints "STATUS COUNT" of each status
//     attack raw PORT                    sends its standard input as it is; prints the answer
//
// Ends with status 1 where it cannot even connect.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint16_t port;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// -1: it is refused. A small room: what is not taken stays with the server.
static int connect_to(int room)
{
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval most = {.tv_sec = 60};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && room > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&there, sizeof there) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int must_connect(int room)
{
    int fd = connect_to(room);
    if (fd < 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static bool send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static bool send_get(int fd, const char *path, const char *connection)
{
    char text[2048];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n",
                          path, connection);
    return send_all(fd, text, (size_t)length);
}

// The status of an answer that is read to the connection's end; 0: there is none. *size: of all of it.
static int read_answer(int fd, size_t *size)
{
    char text[65536], first[16] = "";
    int status = 0;
    *size = 0;
    for (ssize_t n; (n = recv(fd, text, sizeof text, 0)) > 0; *size += (size_t)n)
        for (size_t i = 0; i < (size_t)n && *size + i < sizeof first - 1; i++)
            first[*size + i] = text[i];
    return sscanf(first, "HTTP/1.1 %3d", &status) == 1 ? status : 0;
}

// ---- own clients ----

// One answer on a connection that stays.
static bool take_one(int fd)
{
    char text[65536];
    size_t used = 0, whole = 0;
    bool well = false;
    while (whole == 0 || used < whole) {
        ssize_t n =
            recv(fd, text + (whole == 0 ? used : 0), whole == 0 ? sizeof text - 1 - used : sizeof text, 0);
        if (n <= 0)
            return false;
        used += (size_t)n;
        if (whole != 0)
            continue;
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");
        if (end != NULL && length == NULL)
            return false;
        well = strncmp(text, "HTTP/1.1 200", 12) == 0;
        if (end != NULL)
            whole = (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10);
    }
    return well;
}

static int traffic(const char *path, int64_t seconds)
{
    int64_t until = now_ms() + seconds * 1000, worst = 0;
    unsigned long done = 0, failed = 0;
    int fd = must_connect(0);
    for (int64_t now = now_ms(), after; now < until; now = after) {
        bool well = send_get(fd, path, "keep-alive") && take_one(fd);
        after = now_ms();
        worst = after - now > worst ? after - now : worst;
        done++;
        if (!well) {
            failed++;
            close(fd);
            fd = must_connect(0);
        }
    }
    close(fd);
    printf("%lu %lld %lu\n", done, (long long)worst, failed);
    return 0;
}

// ---- attacks ----

static int half_open(size_t n, int64_t seconds)
{
    struct rlimit files = {n + 64, n + 64};
    struct pollfd *all = calloc(n, sizeof *all);
    setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; i < n; i++) {
        all[i] = (struct pollfd){.fd = must_connect(0), .events = POLLIN};
        send_all(all[i].fd, "GET /debug/pprof/heap HTT", 25);
    }
    puts("open");
    fflush(stdout);
    size_t left = n;
    for (int64_t until = now_ms() + seconds * 1000, now; (now = now_ms()) < until && left > 0;) {
        poll(all, n, (int)(until - now));
        for (size_t i = 0; i < n; i++)
            if (all[i].fd >= 0 && all[i].revents != 0) { // nothing is answered to it: it was ended
                close(all[i].fd);
                all[i].fd = -1;
                left--;
            }
    }
    printf("%zu\n", left);
    return 0;
}

static int slow(const char *path, int64_t seconds)
{
    int fd = must_connect(1024);
    size_t taken = 0;
    char byte;
    bool ended = !send_get(fd, path, "close");
    for (int64_t until = now_ms() + seconds * 1000; !ended && now_ms() < until; usleep(20000)) {
        struct pollfd p = {.fd = fd};
        ended = poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0;
        ended = ended || recv(fd, &byte, 1, 0) <= 0;
        taken += !ended;
    }
    printf("%s %zu\n", ended ? "ended" : "open", taken);
    return 0;
}

static int large(size_t bytes)
{
    static char piece[65536];
    char head[256];
    size_t size;
    int fd = must_connect(0);
    memset(piece, 'x', sizeof piece);
    snprintf(head, sizeof head, "POST /debug/pond HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
             bytes);
    send_all(fd, head, strlen(head));
    for (size_t sent = 0; sent < bytes && send_all(fd, piece, sizeof piece); sent += sizeof piece)
        ;
    printf("%d\n", read_answer(fd, &size));
    return 0;
}

static const char *wanted;
static pthread_barrier_t all_here;
static unsigned statuses[600];

static void *ask_once(void *arg)
{
    size_t size;
    pthread_barrier_wait(&all_here);
    int fd = connect_to(0);
    int status = fd >= 0 && send_get(fd, wanted, "close") ? read_answer(fd, &size) : 0;
    __atomic_fetch_add(&statuses[status % 600], 1, __ATOMIC_RELAXED);
    if (fd >= 0)
        close(fd);
    return arg;
}

static int parallel(const char *path, unsigned n)
{
    pthread_t *threads = calloc(n, sizeof *threads);
    wanted = path;
    pthread_barrier_init(&all_here, NULL, n);
    for (unsigned i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, ask_once, NULL) != 0)
            return 1;
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 600; i++)
        if (statuses[i] > 0)
            printf("%d %u\n", i, statuses[i]);
    return 0;
}

static int raw(void)
{
    char text[65536];
    int fd = must_connect(0);
    size_t size = fread(text, 1, sizeof text, stdin);
    send_all(fd, text, size);
    for (ssize_t n; (n = recv(fd, text, sizeof text, 0)) > 0;)
        fwrite(text, 1, (size_t)n, stdout);
    return 0;
}

int main(int count, char **words)
{
    signal(SIGPIPE, SIG_IGN);
    if (count < 3)
        return 2;
    port = (uint16_t)atoi(words[2]);
    if (strcmp(words[1], "traffic") == 0 && count == 5)
        return traffic(words[3], atoi(words[4]));
    if (strcmp(words[1], "half-open") == 0 && count == 5)
        return half_open((size_t)atoi(words[3]), atoi(words[4]));
    if (strcmp(words[1], "slow") == 0 && count == 5)
        return slow(words[3], atoi(words[4]));
    if (strcmp(words[1], "large") == 0 && count == 4)
        return large((size_t)atoi(words[3]));
    if (strcmp(words[1], "parallel") == 0 && count == 5)
        return parallel(words[3], (unsigned)atoi(words[4]));
    return strcmp(words[1], "raw") == 0 ? raw() : 2;
}
