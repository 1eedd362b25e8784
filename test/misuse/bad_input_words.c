/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_debug_set, pond_debug_get, pond_debug_help and POND_DEBUG: what is a list of words, what is not. */
#include "test.h"

#include "heard.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(words, .timeout = TEST_ALARM);

static const char *const bad[] = {
    "duoble",
    "double,tagg",
    "Double",
    "double tag",
    " double",
    "double;tag",
    "double,",
    ",double",
    "double,,tag",
    ",",
    "hold",
    "hold=",
    "hold=x",
    "hold=1x",
    "hold=-1",
    "hold=1/2",
    "guard=",
    "guard=1/0",
    "guard=1/",
    "guard=0",
    "guard=-1",
    "guard=1/1/2",
    "guard=1000 ",
    "guard=1073741825",
    "guard=1/x",
    "guard=2/3",
    "guard=1/-1",
    "poison=",
    "poison=x",
    "fail",
    "fail=",
    "fail=1001",
    "fail=-1",
    "fail=1.5",
    "chaos",
    "chaos=",
    "chaos=x",
    "stacks",
    "stacks=",
    "stacks=1000000",
    "stacks=x",
    "double=1",
    "log=1",
    "fast=1",
    "full=yes",
    "off=1",
    "hold=99999999999999999999999999999",
    "chaos=18446744073709551616",
};

static void expect_words(const char *expected, const char *because)
{
    char text[256];
    size_t length = pond_debug_get(text, sizeof text);
    cr_assert_str_eq(text, expected, "after %s", because);
    cr_assert_eq(length, strlen(expected), "after %s", because);
}

/* It does not abort, changes nothing and names the words there are. */
Test(words, bad_ones_are_refused_with_the_list)
{
    struct heard h;
    listen_to(&h, "double,stacks=3");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        h.count = 0;
        errno = 0;
        cr_assert_eq(pond_debug_set(bad[i]), -1, "%s", bad[i]);
        cr_assert_eq(errno, EINVAL, "%s: errno %d", bad[i], errno);
        cr_assert_eq(h.count, 1, "%s: %u reports", bad[i], h.count);
        cr_assert_str_eq(h.word, "words");
        cr_assert_not_null(strstr(h.what, bad[i]), "%s", h.what);
        cr_assert_not_null(strstr(h.text, "redzone"), "%s", h.text);
        expect_words("double,stacks=3", bad[i]);
    }
}

static const struct {
    const char *set, *get;
} good[] = {
    {"double", "double"},
    {"tag,double", "double,tag"},
    {"double,double", "double"},
    {"poison", "poison"},
    {"poison=16", "poison=16"},
    {"guard=1/50", "guard=1/50"},
    {"guard=50", "guard=1/50"},
    {"guard=1", "guard"},
    {"guard=1/1", "guard"},
    {"guard", "guard"},
    {"guard=1073741824", "guard=1/1073741824"},
    {"hold=0", "hold=0"},
    {"fail=1000", "fail=1000"},
    {"chaos=18446744073709551615", "chaos=18446744073709551615"},
    {"stacks=0,log", "stacks=0,log"},
    {"log,grow,hold=3,guard=1/7", "grow,hold=3,guard=1/7,log"},
    {"", ""},
    {"reset", "reset"},
    {"off", ""},
    {"leak", "leak"},
    {NULL, ""},
};

/* Each list replaces the one before. A build whose tools are told has no words of that. */
Test(words, good_ones_are_what_is_got_back)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert_eq(pond_debug_set(good[i].set), 0, "%s: errno %d", good[i].set, errno);
        expect_words(good[i].get, good[i].set == NULL ? "NULL" : good[i].set);
    }
}

/* What one set means, the next can be told. */
Test(words, sets_and_what_is_got_can_be_set)
{
    static const char *const sets[] = {"fast", "full"};
    for (size_t i = 0; i < 2; i++) {
        char text[256], again[256];
        cr_assert_eq(pond_debug_set(sets[i]), 0);
        cr_assert_lt(pond_debug_get(text, sizeof text), sizeof text);
        cr_assert_eq(pond_debug_set(text), 0, "%s", text);
        pond_debug_get(again, sizeof again);
        cr_assert_str_eq(again, text);
        cr_assert_not_null(strstr(text, "double"));
        cr_assert_null(strstr(text, "chaos"));
        cr_assert_null(strstr(text, "fail"));
        cr_assert_null(strstr(text, "hold"));
    }
}

Test(words, got_text_is_cut_to_the_room)
{
    char text[8] = "0123456";
    cr_assert_eq(pond_debug_set("double,tag"), 0);
    cr_assert_eq(pond_debug_get(text, 5), strlen("double,tag"));
    cr_assert_str_eq(text, "doub");
    cr_assert_eq(text[5], '5');
    cr_assert_eq(pond_debug_get(text, 1), strlen("double,tag"));
    cr_assert_str_eq(text, "");
    cr_assert_eq(pond_debug_get(NULL, 0), strlen("double,tag"));
}

Test(words, help_names_each)
{
    static const char *const all[] = {"double",     "tag",    "confine", "reset", "poison",   "redzone",
                                      "grow",       "hold=N", "leak",    "guard", "stacks=N", "fail=P",
                                      "chaos=SEED", "log",    "fast",    "full"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_assert_not_null(strstr(pond_debug_help(), all[i]), "%s", all[i]);
}

/* ---- from the environment ---- */

/* What a child says on stderr that creates a pond under POND_DEBUG=words; its status in *status. */
static void child_says(const char *words, char *said, size_t n, int *status)
{
    int ends[2];
    must(pipe(ends) == 0, "pipe: errno %d", errno);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("POND_DEBUG", words, 1);
        pond *p = test_pond((pond_options){.size = 8});
        void *obj = pond_get(p);
        pond_put(p, obj);
        pond_put(p, strcmp(words, "double") == 0 ? obj : NULL);
        _exit(pond_destroy(p));
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while (length + 1 < n && (got = read(ends[0], said + length, n - 1 - length)) > 0)
        length += (size_t)got;
    said[length] = '\0';
    close(ends[0]);
    waitpid(child, status, 0);
}

Test(words, from_the_environment)
{
    char said[8192];
    int status;
    child_says("help", said, sizeof said, &status);
    cr_assert_eq(status, 0);
    cr_assert_str_eq(said, pond_debug_help());
    child_says("", said, sizeof said, &status);
    cr_assert_eq(status, 0);
    cr_assert_str_eq(said, "");
    child_says("no,such", said, sizeof said, &status);
    cr_assert_eq(status, 0, "an unknown word ends no process");
    cr_assert_not_null(strstr(said, "pond: words: "));
    cr_assert_not_null(strstr(said, "no,such"));
    cr_assert_not_null(strstr(said, pond_debug_help()));
    child_says("double", said, sizeof said, &status);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
    cr_assert_not_null(strstr(said, "pond: double: double put"));
}
