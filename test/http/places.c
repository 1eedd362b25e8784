/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan clang
// link: -Wl,--wrap=listen
/* Where libpond-http listens: ports, addresses, unix sockets; and what it refuses to do. */
#include "asked.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

TestSuite(http_places, .timeout = TEST_ALARM);

/* A directory that nobody else has; its socket's path. */
static char directory[64], path[96];

static void make_directory(void)
{
    snprintf(directory, sizeof directory, "/tmp/pond-http.XXXXXX");
    must(mkdtemp(directory) != NULL, "errno %d", errno);
    snprintf(path, sizeof path, "%s/sight", directory);
}

static void remove_directory(void)
{
    unlink(path);
    must(rmdir(directory) == 0, "errno %d: something is left", errno);
}

TestSuite(http_unix, .timeout = TEST_ALARM, .init = make_directory, .fini = remove_directory);

static int status_at_path(void)
{
    int fd = connect_unix(path);
    return fd >= 0 ? status_of(answer_on(fd, "GET / HTTP/1.1\r\nHost: any.example\r\n\r\n")) : -1;
}

static void refuses(pond_http_options o, int error)
{
    unsigned before = descriptors();
    errno = 0;
    cr_assert_null(pond_http_start(&o));
    cr_assert_eq(errno, error, "errno %d in place of %d", errno, error);
    /* A server of this process may have accepted who asked whether it lives; and may have had one open
     * before. */
    while (descriptors() > before)
        poll(NULL, 0, 1);
}

Test(http_places, options_are_checked)
{
    cr_assert_null(pond_http_start(NULL));
    cr_assert_eq(errno, EINVAL);
    refuses((pond_http_options){.flags = 8}, EINVAL);
    refuses((pond_http_options){.connections = 1025}, EINVAL);
    refuses((pond_http_options){.timeout_seconds = 3601}, EINVAL);
    refuses((pond_http_options){.address = "localhost"}, EINVAL);
    refuses((pond_http_options){.address = ""}, EINVAL);
    refuses((pond_http_options){.unix_path = ""}, EINVAL);
    refuses((pond_http_options){.unix_path = "x", .port = 1}, EINVAL);
    refuses((pond_http_options){.unix_path = "x", .address = "127.0.0.1"}, EINVAL);
    refuses((pond_http_options){.unix_path = "/nowhere/at/all"}, ENOENT);
    refuses((pond_http_options){.address = "192.0.2.1"}, EADDRNOTAVAIL);
}

Test(http_places, a_port_is_one_servers)
{
    pond_http *s = served((pond_http_options){.flags = 0}), *other;
    int port = pond_http_port(s);
    cr_assert_gt(port, 0);
    cr_assert_eq(status_to(s, GET("/")), 200);
    refuses((pond_http_options){.port = (uint16_t)port}, EADDRINUSE);
    other = served((pond_http_options){.flags = 0});
    cr_assert_neq(pond_http_port(other), port, "two servers");
    cr_assert_eq(status_to(other, GET("/")), 200);
    pond_http_stop(s);
    cr_assert_eq(status_to(other, GET("/")), 200, "the one goes on when the other is stopped");
    s = served((pond_http_options){.port = (uint16_t)port});
    cr_assert_eq(pond_http_port(s), port, "again at once");
    pond_http_stop(s);
    pond_http_stop(other);
}

/* Nobody else can connect: the socket is bound to this address and no other. */
Test(http_places, the_usual_address_is_this_machine)
{
    struct sockaddr_in there = {.sin_family = AF_INET};
    pond_http *s = served((pond_http_options){.flags = 0});
    there.sin_port = htons((uint16_t)pond_http_port(s));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1); /* 127.0.0.2 is this machine, too, and refused */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&there, sizeof there), -1);
    cr_assert_eq(errno, ECONNREFUSED);
    close(fd);
    pond_http_stop(s);
    s = served((pond_http_options){.address = "127.0.0.2"});
    there.sin_port = htons((uint16_t)pond_http_port(s));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&there, sizeof there), 0);
    cr_assert_eq(status_of(answer_on(fd, GET("/"))), 200);
    pond_http_stop(s);
}

Test(http_places, version_six)
{
    struct sockaddr_in6 there = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    pond_http *s = pond_http_start(&(pond_http_options){.address = "::1"});
    if (s == NULL) {
        cr_assert(errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT, "errno %d", errno);
        cr_skip_test("no IPv6 here");
    }
    there.sin6_port = htons((uint16_t)pond_http_port(s));
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&there, sizeof there), 0);
    cr_assert_eq(status_of(answer_on(fd, "GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n")), 200);
    pond_http_stop(s);
}

/* Of the threads of the server: how many there are, and in *blocked the signals that none of them gets. */
static unsigned own_threads(unsigned long long *blocked)
{
    unsigned found = 0;
    DIR *tasks = opendir("/proc/self/task");
    *blocked = ~0ULL;
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char file[300], line[256];
        unsigned long long signals = 0;
        bool own = false;
        snprintf(file, sizeof file, "/proc/self/task/%s/status", entry->d_name);
        FILE *status = fopen(file, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            own |= strncmp(line, "Name:\tpond-http", 15) == 0;
            (void)sscanf(line, "SigBlk: %llx", &signals);
        }
        if (status != NULL)
            fclose(status);
        found += own;
        *blocked &= own ? signals : ~0ULL;
    }
    closedir(tasks);
    return found;
}

/* But for those that a thread brings about itself, as the word guard's. A thread that has just begun blocks
 * all. */
Test(http_places, no_signal_of_the_programs_comes_to_its_threads)
{
    unsigned long long blocked, traps = 1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1) | 1ULL << (SIGSYS - 1);
    pond_http *s = served((pond_http_options){.flags = 0});
    while (own_threads(&blocked) != 3 || (blocked & traps) != 0)
        poll(NULL, 0, 1);
    cr_assert(blocked & 1ULL << (SIGUSR1 - 1), "%llx", blocked);
    cr_assert(blocked & 1ULL << (SIGTERM - 1), "%llx", blocked);
    pond_http_stop(s);
}

/* ---- unix sockets ---- */

Test(http_unix, it_is_of_mode_0600_and_goes_with_the_server)
{
    struct stat about;
    mode_t before = umask(0);
    pond_http *s = served((pond_http_options){.unix_path = path});
    cr_assert_eq(umask(before), 0, "the process's umask is the program's");
    cr_assert_eq(stat(path, &about), 0);
    cr_assert_eq(about.st_mode & 07777, 0600, "%o", about.st_mode & 07777);
    cr_assert_eq(status_at_path(), 200, "whatever the Host");
    cr_assert_eq(pond_http_port(s), 0);
    pond_http_stop(s);
    cr_assert_eq(stat(path, &about), -1);
}

static bool looking = true;
static unsigned looks;

static void *look_at_mode(void *arg)
{
    struct stat about;
    while (__atomic_load_n(&looking, __ATOMIC_RELAXED))
        if (stat(path, &about) == 0) {
            must((about.st_mode & 07777) == 0600, "%o", about.st_mode & 07777);
            __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED);
        }
    return arg;
}

Test(http_unix, it_has_no_other_mode_for_any_moment)
{
    pthread_t looker;
    umask(0);
    must(pthread_create(&looker, NULL, look_at_mode, NULL) == 0, "no thread");
    for (int i = 0; i < TEST_TIMES(400) || __atomic_load_n(&looks, __ATOMIC_RELAXED) < 100; i++)
        pond_http_stop(served((pond_http_options){.unix_path = path}));
    __atomic_store_n(&looking, false, __ATOMIC_RELAXED);
    pthread_join(looker, NULL);
}

/* A socket that a process left there when it died. */
static void leave_socket(bool listening)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    memcpy(here.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(fd, (struct sockaddr *)&here, sizeof here) == 0, "errno %d", errno);
    must(!listening || listen(fd, 1) == 0, "errno %d", errno);
    if (!listening)
        close(fd);
}

Test(http_unix, one_that_was_left_behind_is_replaced)
{
    leave_socket(false);
    pond_http *s = served((pond_http_options){.unix_path = path});
    cr_assert_eq(status_at_path(), 200);
    pond_http_stop(s);
}

Test(http_unix, anothers_living_one_is_not_replaced)
{
    leave_socket(true);
    refuses((pond_http_options){.unix_path = path}, EADDRINUSE);
    int fd = connect_unix(path);
    cr_assert_geq(fd, 0, "it is still there");
    close(fd);
    unlink(path);
    pond_http *s = served((pond_http_options){.unix_path = path});
    refuses((pond_http_options){.unix_path = path}, EADDRINUSE);
    cr_assert_eq(status_at_path(), 200, "and so is one of our own");
    pond_http_stop(s);
}

/* Also one with a queue that is full, in which connect waits. */
Test(http_unix, a_busy_one_lives)
{
    leave_socket(true);
    for (int fd = 0; fd >= 0;) {
        struct sockaddr_un there = {.sun_family = AF_UNIX};
        memcpy(there.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fd, (struct sockaddr *)&there, sizeof there) != 0) {
            cr_assert_eq(errno, EAGAIN);
            break;
        }
    }
    refuses((pond_http_options){.unix_path = path}, EADDRINUSE);
    cr_assert_eq(access(path, F_OK), 0);
}

Test(http_unix, a_file_is_not_replaced)
{
    char target[128];
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    must(fd >= 0 && write(fd, "kept", 4) == 4, "errno %d", errno);
    close(fd);
    refuses((pond_http_options){.unix_path = path}, EADDRINUSE);
    struct stat about;
    cr_assert(stat(path, &about) == 0 && about.st_size == 4);
    snprintf(target, sizeof target, "%s/elsewhere", directory);
    unlink(path);
    must(symlink(target, path) == 0, "errno %d", errno);
    refuses((pond_http_options){.unix_path = path}, EADDRINUSE);
    cr_assert_eq(access(target, F_OK), -1, "nothing is made where a link leads to");
}

Test(http_unix, what_took_its_place_stays)
{
    pond_http *s = served((pond_http_options){.unix_path = path});
    unlink(path);
    leave_socket(true);
    pond_http_stop(s);
    int fd = connect_unix(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

Test(http_unix, a_long_path)
{
    char longer[200];
    snprintf(longer, sizeof longer, "%s/%0120d", directory, 1);
    refuses((pond_http_options){.unix_path = longer}, ENAMETOOLONG);
}

enum { RIVALS = 8 };

/* Between bind and listen a server looks like one that has gone: for longer than usual among rivals. */
static bool slow_to_listen;
int __real_listen(int fd, int most);
int __wrap_listen(int fd, int most);
int __wrap_listen(int fd, int most)
{
    if (slow_to_listen)
        poll(NULL, 0, 20);
    return __real_listen(fd, most);
}

/* Waits until the start pipe is closed, tries, tells, and has what it got until the end pipe is closed. */
static void be_rival(const int *start, const int *told, const int *end)
{
    char byte;
    slow_to_listen = true;
    close(start[1]);
    close(end[1]);
    (void)!read(start[0], &byte, 1);
    pond_http *s = pond_http_start(&(pond_http_options){.unix_path = path});
    must(s != NULL || errno == EADDRINUSE, "errno %d", errno);
    must(write(told[1], s != NULL ? "1" : "0", 1) == 1, "errno %d", errno);
    (void)!read(end[0], &byte, 1);
    _exit(0); /* as if it died: the socket is left behind */
}

/* How many of several processes that start at once serve. */
static int rivals_serving(void)
{
    int start[2], told[2], end[2], serving = 0;
    char byte;
    must(pipe2(start, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0 && pipe2(end, O_CLOEXEC) == 0, "%d",
         errno);
    for (int i = 0; i < RIVALS; i++) {
        pid_t child = fork();
        must(child >= 0, "errno %d", errno);
        if (child == 0)
            be_rival(start, told, end);
    }
    close(start[1]);
    for (int i = 0; i < RIVALS; i++) {
        must(read(told[0], &byte, 1) == 1, "errno %d", errno);
        serving += byte == '1';
    }
    cr_assert_eq(status_at_path(), 200);
    close(end[1]);
    while (wait(NULL) > 0)
        ;
    close(start[0]), close(told[0]), close(told[1]), close(end[0]);
    return serving;
}

/* Of several that find what another one left behind one gets it, and none takes it from that one. */
Test(http_unix, one_of_several_replaces_it)
{
    leave_socket(false);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(rivals_serving(), 1, "the %d. time", i);
}
