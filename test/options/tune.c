/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* POND_TUNE: options from the environment, by the name of the pond, and the file that ticks write. */
#include "test.h"

#include "../misuse/heard.h"
#include "threads.h"

#include <dirent.h>
#include <fcntl.h>
#include <pond/typed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(tune, .timeout = TEST_ALARM);

static struct heard heard;

/* Before the first pond: each test has a process of its own. */
static void tune(const char *words)
{
    pond_on_report(hear, &heard);
    must(setenv("POND_TUNE", words, 1) == 0, "setenv");
}

static pond *make(const char *name)
{
    return test_pond((pond_options){.size = 64, .name = name, .min_idle = 3});
}

static pond_limits limits_of(const pond *p)
{
    pond_limits l;
    pond_limits_read(p, &l);
    return l;
}

static size_t zero(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 0;
}

/* ---- options ---- */

Test(tune, every_option)
{
    tune("cache_objects=128,min_idle=32,max_objects=500,max_idle_bytes=3k,max_footprint=2M,max_age=7");
    pond *p = test_pond((pond_options){.size = 64, .cache_objects = 16, .footprint = zero});
    pond *q = test_pond((pond_options){.size = 64, .cache_objects = 16});
    pond_limits l = limits_of(p);
    cr_assert_eq(l.min_idle, 32);
    cr_assert_eq(l.max_objects, 500);
    cr_assert_eq(l.max_idle_bytes, 3 << 10);
    cr_assert_eq(l.max_footprint, 2 << 20);
    cr_assert_eq(l.max_age, 7);
    cr_assert_eq(limits_of(q).max_footprint, 0, "it has no footprint hook");
    cr_assert_eq(limits_of(q).max_age, 7, "the other words count");
    cr_assert_eq(heard.count, 1, "%s", heard.text);
}

/* It is what the pond does, and not only what it says. */
Test(tune, it_has_its_effect)
{
    void *objs[9];
    tune("cache_objects=100@cached,max_objects=8@few");
    pond *cached = make("cached"), *few = make("few");
    cr_assert_eq(test_stats(cached).cache_objects, 100);
    test_get(few, objs, 8);
    cr_assert_null(pond_get(few));
    cr_assert_eq(errno, EAGAIN);
    pond_put_many(few, objs, 8);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

Test(tune, age)
{
    tune("min_idle=0,max_age=1@old,min_idle=10@old");
    pond *old = make("old");
    pond_put(old, pond_get(old));
    for (int ticks = 0; ticks < 2; ticks++)
        pond_epoch_advance();
    pond_stats s = test_stats(old);
    cr_assert_eq(test_idle(&s), 0, "min_idle would keep it");
}

static pond *of_handler;

static void make_in_handler(const pond_report *r, void *ctx)
{
    hear(r, ctx);
    if (of_handler == NULL)
        of_handler = make("of the handler");
}

/* A program that logs has a pond for its lines; which it makes when it needs the first. */
static void hear_with_a_pond(void *variable)
{
    pond_on_report(make_in_handler, &heard);
    must(setenv((const char *)variable, "nonsense", 1) == 0, "setenv");
    pond *p = make("p");
    must(heard.count == 1 && of_handler != NULL && of_handler != p, "%u reports", heard.count);
    pond_put(p, pond_get(p));
    pond_put(of_handler, pond_get(of_handler));
}

Test(tune, a_handler_makes_the_first_pond)
{
    static char *variables[] = {"POND_TUNE", "POND_DEBUG", "POND_PROFILE"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        test_in_child(hear_with_a_pond, variables[i]);
}

Test(tune, by_name)
{
    tune(" min_idle=5 , MIN_IDLE = 6 @ c* ,min_idle=7@conn?,max_age=2@[ab] , max_age=9@named");
    static const pond_type type = {.name = "named", .size = 16, .align = 8};
    pond *typed = test_pond((pond_options){.type = &type, .name = NULL});
    cr_assert_eq(limits_of(typed).max_age, 9, "the type's name is the pond's");
    cr_assert_eq(limits_of(make("other")).min_idle, 5);
    cr_assert_eq(limits_of(make("cookies")).min_idle, 6, "the last word for it counts");
    cr_assert_eq(limits_of(make("conns")).min_idle, 7);
    cr_assert_eq(limits_of(make("Conns")).min_idle, 5);
    cr_assert_eq(limits_of(make("a")).max_age, 2);
    cr_assert_eq(limits_of(make("ab")).max_age, 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* Of the two neither is right alone. */
Test(tune, together)
{
    tune("max_objects=2,min_idle=1");
    pond *p = make("p");
    cr_assert_eq(limits_of(p).max_objects, 2);
    cr_assert_eq(limits_of(p).min_idle, 1);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

Test(tune, what_a_pond_cannot_have)
{
    tune("max_objects=2@p?,max_age=4");
    pond *p = make("p1");
    cr_assert_eq(limits_of(p).max_objects, 0, "it has a min_idle of 3");
    cr_assert_eq(limits_of(p).max_age, 4);
    cr_assert_eq(heard.count, 1);
    cr_assert_str_eq(heard.word, "words");
    cr_assert_not_null(strstr(heard.what, "max_objects=2@p?"), "%s", heard.what);
    cr_assert_not_null(strstr(heard.what, "\"p1\" cannot have it: min_idle is greater than max_objects"),
                       "%s", heard.what);
    (void)make("p2");
    cr_assert_eq(heard.count, 1, "each word once");
}

Test(tune, nothing_is_tuned_without)
{
    (void)unsetenv("POND_TUNE");
    cr_assert_eq(limits_of(make("p")).min_idle, 3);
    (void)setenv("POND_TUNE", "min_idle=9", 1);
    cr_assert_eq(limits_of(make("q")).min_idle, 3, "it is read at the first pond");
}

/* ---- words ---- */

static const char *const wrong[] = {
    "min_idle",
    "min_idle=",
    "min_idle=x",
    "min_idle=-1",
    "min_idle=1k",
    "min_idle=4@",
    "size=3",
    "=3",
    "stats=",
    "stats",
    "help=1",
    "cache_objects=1017",
    "max_idle_bytes=1T",
    "max_idle_bytes=k",
    "max_idle_bytes=20000000000G",
    "max_age=18446744073709551616",
    "max_age=1@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

/* In a child, for words are read once. */
static void refused_alone(void *argument)
{
    const char *word = argument;
    char text[256], named[48];
    pond_limits l;
    (void)snprintf(text, sizeof text, "max_age=4,%s,max_objects=99", word);
    (void)snprintf(named, sizeof named, ": \"%.40s\" ", word);
    tune(text);
    pond_limits_read(make("p"), &l);
    must(heard.count == 1, "%s: %u reports", word, heard.count);
    must(strstr(heard.what, named) != NULL, "%s is not named: %s", word, heard.what);
    must(strstr(heard.what, "the other words count") != NULL, "%s", heard.what);
    must(l.max_age == 4 && l.max_objects == 99, "%s: the other words", word);
    must(l.min_idle == 3 && l.max_idle_bytes == 0, "%s counts", word);
    (void)make("q");
    must(heard.count == 1, "once");
    _exit(0);
}

Test(tune, wrong_words_are_named)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        test_in_child(refused_alone, (void *)(uintptr_t)wrong[i]);
}

Test(tune, more_words_than_there_is_room_for)
{
    char text[70 * 16] = "";
    for (int i = 0; i < 65; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%smin_idle=%d", i > 0 ? "," : "", i);
    tune(text);
    cr_assert_eq(limits_of(make("p")).min_idle, 63);
    cr_assert_not_null(strstr(heard.what, "\"min_idle=64\" is one word too many"), "%s", heard.what);
}

/* ---- what has been changed is shown ---- */

static void read_whole(const char *file, char *text, size_t n)
{
    int fd = open(file, O_RDONLY);
    must(fd >= 0, "%s: errno %d", file, errno);
    ssize_t length = read(fd, text, n - 1);
    must(length >= 0, "read");
    text[length] = '\0';
    (void)close(fd);
}

Test(tune, shown_by_pond_dump)
{
    char text[4096], file[] = "/tmp/pond-tune-XXXXXX";
    int fd = mkstemp(file);
    tune("cache_objects=128@c*,min_idle=31@conns,min_idle=32,max_age=2@nobody,max_objects=4@conns,max_idle_"
         "bytes=1k@\xe9 =");
    (void)make("conns");
    (void)test_pond((pond_options){.size = 64, .name = "cookies", .min_idle = 4});
    cr_assert_eq(pond_dump(fd), 0);
    read_whole(file, text, sizeof text);
    (void)unlink(file);
    const char *tuned = strstr(text, "\ntotal=2 ");
    cr_assert_not_null(tuned, "%s", text);
    cr_assert_str_eq(strchr(tuned + 1, '\n') + 1,
                     "tuned cache_objects=128@c* ponds=2 refused=0 own=0\n"
                     "tuned min_idle=31@conns ponds=0 refused=0 own=-\n"
                     "tuned min_idle=32@* ponds=2 refused=0 own=-\n"
                     "tuned max_age=2@nobody ponds=0 refused=0 own=-\n"
                     "tuned max_objects=4@conns ponds=0 refused=1 own=-\n"
                     "tuned max_idle_bytes=1024@%E9%20%3D ponds=0 refused=0 own=-\n");
}

/* ---- the file ---- */

static char place[] = "/tmp/pond-tune-XXXXXX";

/* POND_TUNE is stats=FILE in a directory of its own, which the test is in. */
static void file_of(const char *name)
{
    char words[128];
    must(mkdtemp(place) != NULL && chdir(place) == 0, "%s: errno %d", place, errno);
    (void)snprintf(words, sizeof words, "stats=%s", name);
    tune(words);
}

static size_t files(void)
{
    size_t count = 0;
    DIR *here = opendir(".");
    for (const struct dirent *e; (e = readdir(here)) != NULL;)
        count += e->d_name[0] != '.';
    (void)closedir(here);
    return count;
}

static void leave(void)
{
    DIR *here = opendir(".");
    for (const struct dirent *e; (e = readdir(here)) != NULL;)
        (void)unlink(e->d_name);
    (void)closedir(here);
    (void)rmdir(place);
}

/* What stands in this column, from 0 on, of the line that begins so. */
static long figure(const char *file, const char *line, int column)
{
    char text[4096];
    read_whole(file, text, sizeof text);
    const char *at = strstr(text, line);
    must(at != NULL, "%s: there is no line %s in\n%s", file, line, text);
    for (; column > 0; column--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return strtol(at, NULL, 10);
}

enum { LIVE = 2, IDLE = 3 };

Test(tune, each_tick_writes_the_file)
{
    void *objs[5];
    file_of("s");
    pond *p = make("p");
    cr_assert_eq(figure("s", "\np ", LIVE), 0, "it is there with the first pond");
    test_get(p, objs, 5);
    cr_assert_eq(figure("s", "\np ", LIVE), 0);
    errno = 77;
    (void)pond_epoch_advance();
    cr_assert_eq(errno, 77);
    cr_assert_eq(figure("s", "\np ", LIVE), 5);
    pond_put_many(p, objs, 5);
    (void)pond_epoch_advance();
    cr_assert_eq(figure("s", "\np ", IDLE), 5);
    (void)pond_epoch_advance();
    cr_assert_eq(figure("s", "\np ", IDLE), 3, "after what the tick drops, but for min_idle");
    cr_assert_eq(files(), 1, "nothing else is left there");
    leave();
}

Test(tune, a_tick_of_one_pond_does_too)
{
    void *objs[2];
    file_of("s");
    pond *p = make("p");
    test_get(p, objs, 2);
    while (figure("s", "\np ", LIVE) != 2) /* it is written ten times a second */
        (void)pond_rotate(p);
    pond_put_many(p, objs, 2);
    leave();
}

static void tick_as_child(void *p)
{
    char name[32];
    void *objs[4];
    for (int i = 0; i < 4; i++)
        must((objs[i] = pond_get(p)) != NULL, "errno %d", errno);
    (void)pond_epoch_advance();
    (void)snprintf(name, sizeof name, "s.%ld", (long)getpid());
    must(figure(name, "\np ", LIVE) == 4, "of the child");
    pond_put_many(p, objs, 4);
    _exit(0);
}

Test(tune, a_file_for_each_process)
{
    char name[32];
    file_of("s.%p");
    pond *p = make("p");
    (void)snprintf(name, sizeof name, "s.%ld", (long)getpid());
    test_in_child(tick_as_child, p);
    (void)pond_epoch_advance();
    cr_assert_eq(figure(name, "\np ", LIVE), 0);
    cr_assert_eq(files(), 2);
    leave();
}

/* Another copy of the library, or of a container a process of this number, is at the same file. */
Test(tune, what_another_one_writes_is_left_alone)
{
    static const char mark[] = "of another one";
    char name[32], text[64];
    file_of("s");
    (void)snprintf(name, sizeof name, "s.%ld", (long)getpid());
    FILE *f = fopen(name, "w");
    must(f != NULL && fputs(mark, f) >= 0 && fclose(f) == 0, "%s", name);
    pond *p = make("p");
    (void)pond_epoch_advance();
    read_whole(name, text, sizeof text);
    cr_assert_str_eq(text, mark);
    cr_assert_eq(figure("s", "\np ", LIVE), 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
    leave();
}

/* Two threads tick; who reads finds a whole table each time. */
static void tick_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < TEST_TIMES(800); i++)
        (void)pond_epoch_advance();
}

Test(tune, the_file_is_whole_at_any_time)
{
    char text[8192];
    file_of("s");
    for (int i = 0; i < 30; i++)
        (void)make("p");
    (void)pond_epoch_advance();
    worker *a = worker_start(), *b = worker_start();
    worker_begin(a, tick_often, NULL);
    worker_begin(b, tick_often, NULL);
    for (int i = 0; i < TEST_TIMES(2000); i++) {
        read_whole("s", text, sizeof text);
        must(strncmp(text, "pond ", 5) == 0 && strstr(text, "\ntotal=30 ") != NULL, "not whole:\n%s", text);
        must(text[strlen(text) - 1] == '\n', "not whole:\n%s", text);
    }
    worker_wait(a);
    worker_wait(b);
    worker_end(a);
    worker_end(b);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(files(), 1, "nothing else is left there");
    leave();
}

/* A device is not replaced by a file, nor is what a link leads to. */
Test(tune, what_is_no_plain_file_stays)
{
    struct stat there;
    file_of("s");
    must(mkfifo("s", 0600) == 0, "mkfifo");
    (void)make("p");
    (void)pond_epoch_advance();
    cr_assert_eq(lstat("s", &there), 0);
    cr_assert(S_ISFIFO(there.st_mode));
    cr_assert_eq(heard.count, 1, "once");
    cr_assert_not_null(strstr(heard.what, "no plain file"), "%s", heard.what);
    must(unlink("s") == 0 && symlink("other", "s") == 0, "symlink");
    (void)pond_epoch_advance();
    cr_assert_eq(lstat("s", &there), 0);
    cr_assert(S_ISLNK(there.st_mode));
    must(unlink("s") == 0, "unlink");
    (void)pond_epoch_advance();
    cr_assert_eq(figure("s", "\np ", LIVE), 0, "it was tried again");
    cr_assert_eq(heard.count, 1, "once");
    leave();
}

Test(tune, no_directory_for_the_file)
{
    tune("stats=/nowhere/s,min_idle=4");
    cr_assert_eq(limits_of(make("p")).min_idle, 4);
    (void)pond_epoch_advance();
    cr_assert_eq(heard.count, 1);
    cr_assert_not_null(strstr(heard.what, "No such file"), "%s", heard.what);
}

/* A thread that is cancelled meanwhile ends elsewhere, and leaves the file to the next tick. */
static void *tick_cancelled(void *p)
{
    (void)pthread_cancel(pthread_self());
    (void)pond_epoch_advance();
    *(bool *)p = true;
    pthread_testcancel();
    return NULL;
}

Test(tune, nobody_is_cancelled_in_it)
{
    bool came_back = false;
    pthread_t thread;
    file_of("s");
    pond *p = make("p");
    must(pthread_create(&thread, NULL, tick_cancelled, &came_back) == 0, "pthread_create");
    must(pthread_join(thread, NULL) == 0, "pthread_join");
    cr_assert(came_back);
    void *obj = pond_get(p);
    (void)pond_epoch_advance();
    cr_assert_eq(figure("s", "\np ", LIVE), 1);
    cr_assert_eq(files(), 1);
    pond_put(p, obj);
    leave();
}
