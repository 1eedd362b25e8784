/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_debug_set, pond_debug_get, pond_debug_help and POND_DEBUG: what is a list of words, what is not. */
#include "test.h"

#include "heard.h"
#include "memory.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(words, .timeout = TEST_ALARM);

static const char *const bad[] = {
    "duoble",
    "double,tagg",
    "double tag",
    "dou ble",
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
    "guard=10 00",
    "guard=1 /2",
    "= 3",
    "double, ,tag",
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
    "-",
    "full,-",
    "full,-laek",
    "full,--leak",
    "full,-guard=1/100",
    "-off",
    "-help",
    "full@",
    "full, @conns",
    "@",
    "full@ ",
    "log@conns",
    "-log@conns",
    "off@conns",
    "help@conns",
    "guard=0@conns",
    "hold@conns",
    "double=1@conns",
    "full@a-name-that-is-longer-than-any-name-of-a-pond-may-be-0123456789x",
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
    {"Double", "double"},
    {" double", "double"},
    {"double , TAG\t,\nlog ", "double,tag,log"},
    {"GUARD = 1/7 ,Hold= 3", "hold=3,guard=1/7"},
    {" ", ""},
    {" Off\n", ""},
    {"bypass", "bypass"},
    {"log,audit,bypass", "bypass,audit,log"},
    {"fast,-leak", "double,tag,confine,redzone,stacks=1"},
    {"fast, - Leak ,-stacks", "double,tag,confine,redzone"},
    {"-leak,fast", "double,tag,confine,redzone,leak,stacks=1"},
    {"full,-guard,-stacks", "double,tag,confine,reset,poison,redzone,leak"},
    {"full,-fast", "reset,poison,guard=1/100"},
    {"full,-full", ""},
    {"hold=3,poison=8,-hold,-poison", ""},
    {"guard=1/7,-guard,guard", "guard"},
    {"log,-log", ""},
    {"-leak", ""},
    {"full@conns", "full@conns"},
    {"FULL @ Conns ", "full@Conns"},
    {"guard=100@sockets,log", "log,guard=1/100@sockets"},
    {"full@conn*,-leak@conns,guard=100@sockets", "full@conn*,-leak@conns,guard=1/100@sockets"},
    {"full@conns,fast", "double,tag,confine,redzone,leak,stacks=1,full@conns"},
    {"poison=8@conn[a-z]?, -stacks@x y", "poison=8@conn[a-z]?,-stacks@x y"},
    {"chaos=7@conns", "chaos=7@conns"},
    {"double@user@host", "double@user@host"},
    {NULL, ""},
};

/* Among words that are right, too, and whatever else is wrong; a long word and many words are cut. */
static const struct {
    const char *set, *named;
} named[] = {
    {"full,gaurd", ": \"gaurd\" is no word; nothing is changed"},
    {"gaurd,full", ": \"gaurd\" is no word; "},
    {"full, Lgo ,leak", ": \"Lgo\" is no word; "},
    {"full;log", ": \"full;log\" is no word; "},
    {"full,", ": \"\" is no word; "},
    {"double,hold", ": \"hold\" lacks its value; "},
    {"double=1,tag", ": \"double=1\" takes no value; "},
    {"tag,guard = 0 ", ": \"guard = 0\" has a wrong value; "},
    {"full,-laek", ": \"-laek\" is no word; "},
    {"full,-guard=1/100", ": \"-guard=1/100\" takes no value where it is taken out; "},
    {"-off", ": \"-off\" cannot be taken out; "},
    {"full@conns,log@conns", ": \"log@conns\" is for all ponds or none; nothing is changed"},
    {"help@conns", ": \"help@conns\" is for all ponds or none; "},
    {"full@", ": \"full@\" names no pond; "},
    {"full@a-name-that-is-longer-than-any-name-of-a-pond-may-be-0123456789x",
     "\"full@a-name-that-is-longer-than-any-name\" has too long a name; "},
    {"tagg,tag,duoble", ": \"tagg\" is no word, \"duoble\" is no word; "},
    {"averylongwordwithnocommaintheforty1234567890",
     "\"averylongwordwithnocommaintheforty123456\" is no word; "},
    {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z", "\"g\" is no word, ...; nothing is changed"},
};

Test(words, the_bad_one_is_named)
{
    struct heard h;
    listen_to(&h, "double,stacks=3");
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        cr_assert_eq(pond_debug_set(named[i].set), -1, "%s", named[i].set);
        cr_assert_not_null(strstr(h.what, named[i].named), "%s is not in: %s", named[i].named, h.what);
        expect_words("double,stacks=3", named[i].set);
    }
}

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
    static const char *const all[] = {"double", "tag",  "confine", "reset",    "poison", "redzone",    "grow",
                                      "hold=N", "leak", "guard",   "stacks=N", "fail=P", "chaos=SEED", "log",
                                      "fast",   "full", "bypass",  "audit",    "-WORD",  "WORD@NAME"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_assert_not_null(strstr(pond_debug_help(), all[i]), "%s", all[i]);
}

/* ---- from the environment ---- */

/* What a child says on stderr that creates a pond under POND_DEBUG=words, and puts an object twice when it is
 * told to; its status in *status. */
static void child_says(const char *words, bool twice, char *said, size_t n, int *status)
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
        pond_put(p, twice ? obj : NULL);
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
    child_says("help", false, said, sizeof said, &status);
    cr_assert_eq(status, 0);
    cr_assert_str_eq(said, pond_debug_help());
    child_says("", false, said, sizeof said, &status);
    cr_assert_eq(status, 0);
    cr_assert_str_eq(said, "");
    child_says("double", true, said, sizeof said, &status);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
    cr_assert_not_null(strstr(said, "pond: double: double put"));
}

static void expect_said(const char *said, const char *part, const char *words)
{
    cr_assert_not_null(strstr(said, part), "POND_DEBUG=%s does not say '%s' but: %s", words, part, said);
}

/* Of many names the last ones are refused, and the words of the others stand. */
Test(words, so_many_names_and_no_more)
{
    struct heard h;
    char list[4096] = "tag";
    listen_to(&h, "double");
    for (int i = 0; i < 64; i++)
        strcat(list, ",full@conns");
    cr_assert_eq(pond_debug_set(list), 0, "%s", h.what);
    strcat(list, ",leak@more");
    cr_assert_eq(pond_debug_set(list), -1);
    cr_assert_not_null(strstr(h.what, ": \"leak@more\" is one name too many; nothing is changed"), "%s",
                       h.what);
}

/* The process is not ended for a word; what it is checked for is said, and the words there are. */
Test(words, from_the_environment_none_that_is_right)
{
    static const char *const none[] = {"no,such", "gaurd", "log,doubel", "stacks=1,=", "guard=0"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char said[8192];
        int status;
        child_says(none[i], false, said, sizeof said, &status);
        cr_assert_eq(status, 0, "%s: status %#x", none[i], (unsigned)status);
        expect_said(said, "pond: words: POND_DEBUG=\"", none[i]);
        expect_said(said, "; nothing is checked\n", none[i]);
        expect_said(said, pond_debug_help(), none[i]);
    }
}

static const struct {
    const char *words, *refused, *on;
} partly[] = {
    {"double,gaurd", ": \"gaurd\" is no word; the other words are on\n", "    words: double\n"},
    {"gaurd, Double ,stacks=3", ": \"gaurd\" is no word; the other words are on\n",
     "    words: double,stacks=3\n"},
    {"double@po*,log@pond", ": \"log@pond\" is for all ponds or none; the other words are on\n",
     "    words: double@po*\n"},
    {"fast,guard=0", ": \"guard=0\" has a wrong value; the other words are on\n", "    words: double,"},
    {"hold,double=1,FULL", "\"hold\" lacks its value, \"double=1\" takes no value; the other words are on\n",
     "guard=1/100"},
};

/* The words that are right catch what they are for, all the same. */
Test(words, from_the_environment_some_that_are_right)
{
    for (size_t i = 0; i < sizeof partly / sizeof *partly; i++) {
        char said[16384];
        int status;
        child_says(partly[i].words, true, said, sizeof said, &status);
        expect_said(said, partly[i].refused, partly[i].words);
        expect_said(said, partly[i].on, partly[i].words);
        expect_said(said, pond_debug_help(), partly[i].words);
        expect_said(said, "pond: double: double put", partly[i].words);
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
    }
}

/* Spaces and letter case do not matter there, either. */
Test(words, from_the_environment_written_freely)
{
    static const char *const lists[] = {"Double", " double , stacks=1", "DOUBLE,\t  TAG\t"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char said[8192];
        int status;
        child_says(lists[i], true, said, sizeof said, &status);
        cr_assert_null(strstr(said, "pond: words: "), "%s", said);
        expect_said(said, "pond: double: double put", lists[i]);
    }
}

static void create_without_space(void *arg)
{
    rlim_t most = memory_mapped() + ((rlim_t)64 << 20); /* for a pond, not for guard */
    (void)arg;
    struct heard h;
    memset(&h, 0, sizeof h);
    pond_on_report(hear, &h);
    setenv("POND_DEBUG", "full", 1);
    must(setrlimit(RLIMIT_AS, &(struct rlimit){most, most}) == 0, "errno %d", errno);
    must(pond_create(&(pond_options){.size = 8}) != NULL, "errno %d", errno);
    must(h.count == 1 && strstr(h.what, "no memory") != NULL && strstr(h.what, "nothing is checked") != NULL,
         "%u reports; the last: %s", h.count, h.text);
    expect_words("", "no memory");
}

/* A sanitizer needs address space of its own all the time. */
Test(words, from_the_environment_without_memory, .disabled = TEST_SANITIZED)
{
    test_in_child(create_without_space, NULL);
}
