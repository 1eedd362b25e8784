/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: what a line says is what pond_stats_read says, the function that hears lines may use ponds, and
 * the last lines are kept. trace_delivery.c has threads, forks, and what stderr does.
 */
#include "heard.h"
#include "threads.h"

#include <sys/mman.h>
#include <unistd.h>

TestSuite(trace, .timeout = TEST_ALARM, .init = begin, .fini = end);

static void work(pond *p, size_t get, size_t put)
{
    static void *objs[1000];
    test_get(p, objs, get);
    for (size_t i = 0; i < get; i++)
        memset(objs[i], 1, 64);
    for (size_t i = 0; i < put; i++)
        pond_put(p, objs[i]);
}

static void keys_of(const char *line, char *keys)
{
    char *copy = strdup(line), *rest = copy, *word;
    *keys = '\0';
    while ((word = strsep(&rest, " ")) != NULL)
        if (strchr(word, '=') != NULL)
            keys = stpcpy(stpcpy(keys, strtok(word, "=")), " ");
    free(copy);
}

/* Programs may count fields: new keys come last, and this list only grows. */
Test(trace, keys_in_their_order)
{
    char keys[1024];
    pond *p = test_pond((pond_options){.size = 64, .name = "conns"});
    const char *line = tick();
    cr_assert_eq(strncmp(line, "pond: tick epoch=1 at=", 22), 0, "%s", line);
    keys_of(line, keys);
    cr_assert_str_eq(keys, "epoch at took_us pond live idle after gets miss made dropped slab resident "
                           "id closed_us expired live_bytes idle_bytes rate lost unwritten ");
    cr_assert_eq(pond_destroy(p), 0);
}

static void compare(const char *line, const pond_stats *before, const pond_stats *after)
{
    cr_assert_eq(number(line, "live"), before->live, "%s", line);
    cr_assert_eq(part(line, "idle", 0), before->idle_local, "%s", line);
    cr_assert_eq(part(line, "idle", 1), before->idle_shared, "%s", line);
    cr_assert_eq(part(line, "idle", 2), before->idle_victim, "%s", line);
    cr_assert_eq(number(line, "live_bytes"), before->live_bytes, "%s", line);
    cr_assert_eq(number(line, "idle_bytes"),
                 before->idle_local_bytes + before->idle_shared_bytes + before->idle_victim_bytes);
    cr_assert_eq(number(line, "epoch"), after->epoch, "%s", line);
    cr_assert_eq(part(line, "after", 0), 0, "%s", line);
    cr_assert_eq(number(line, "slab"), after->slab_bytes, "%s", line);
    cr_assert_eq(number(line, "resident"), after->resident_bytes, "%s", line);
    uint64_t went = after->dropped[POND_DROP_EPOCH] - before->dropped[POND_DROP_EPOCH];
    cr_assert_eq(number(line, "expired"), went, "%s", line);
    cr_assert_eq(part(line, "after", 1) + part(line, "after", 2),
                 after->idle_shared + after->idle_victim + went, "%s", line);
}

static void compare_since(const char *line, const pond_stats *then, const pond_stats *now)
{
    cr_assert_eq(number(line, "gets"), now->gets - then->gets, "%s", line);
    cr_assert_eq(number(line, "miss"), now->misses - then->misses, "%s", line);
    cr_assert_eq(number(line, "made"), now->constructed - then->constructed, "%s", line);
    cr_assert_eq(number(line, "dropped"), test_dropped(now) - test_dropped(then), "%s", line);
}

/* Nothing else goes on, so that each figure is the statistics' before the tick or after it. */
Test(trace, figures_are_those_of_statistics)
{
    pond *p = test_pond((pond_options){.size = 64});
    pond_stats then = {.live = 0};
    for (size_t round = 0; round < 12; round++) {
        work(p, 100 + 70 * (round % 3), 80 + 70 * (round % 3));
        if (round == 5)
            (void)pond_trim(p);
        pond_stats before = test_stats(p);
        const char *line = tick();
        pond_stats after = test_stats(p);
        compare(line, &before, &after);
        compare_since(line, &then, &before);
        cr_assert_eq(number(line, "id"), 1);
        cr_assert(number(line, "closed_us") <= number(line, "took_us"));
        then = before;
    }
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 1000;
}

Test(trace, bytes_with_what_hangs_on_objects)
{
    pond *p = test_pond((pond_options){.size = 64, .footprint = footprint});
    work(p, 100, 50);
    pond_stats before = test_stats(p);
    const char *line = tick();
    cr_assert_gt(number(line, "live_bytes"), 50 * 1000);
    cr_assert_eq(number(line, "live_bytes"), before.live_bytes);
}

/* Of pages with objects on them, which follow each other. */
static size_t resident_pages(void **objs, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), last = 0;
    size_t resident = 0;
    for (size_t i = 0; i < n; i++) {
        uintptr_t at = (uintptr_t)objs[i] & ~(page - 1);
        unsigned char in_memory = 0;
        if (at != last && mincore((void *)at, page, &in_memory) == 0) /* else its slab is no more */
            resident += in_memory & 1;
        last = at;
    }
    return resident;
}

Test(trace, resident_is_what_the_kernel_says)
{
    static void *objs[1000];
    pond *p = test_pond((pond_options){.size = 1024});
    test_get(p, objs, 1000);
    for (size_t i = 0; i < 1000; i++)
        memset(objs[i], 1, 1024);
    for (size_t round = 0, left = 1000; round < 8; round++) {
        for (; left > 900 - round * 100; left--)
            pond_put(p, objs[left - 1]);
        const char *line = tick();
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        cr_assert_eq(number(line, "resident"), resident_pages(objs, 1000) * page, "%s", line);
    }
    cr_assert_lt(number(heard[heard_count - 1], "resident"), 700 * 1024);
}

/* The first line has all there was; one after a pause has what came in it. */
Test(trace, nothing_is_missing_after_a_pause)
{
    pond *p = test_pond((pond_options){.size = 64});
    trace_on(false);
    work(p, 10, 10);
    pond_epoch_advance();
    trace_on(true);
    work(p, 20, 20);
    cr_assert_eq(number(tick(), "gets"), 30);
    trace_on(false);
    pond_epoch_advance();
    work(p, 40, 40);
    pond_epoch_advance();
    cr_assert_eq(heard_count, 1);
    trace_on(true);
    cr_assert_eq(number(tick(), "gets"), 40);
}

Test(trace, rotate_has_the_line_of_its_pond)
{
    pond *a = test_pond((pond_options){.size = 64, .name = "a"});
    pond *b = test_pond((pond_options){.size = 64, .name = "b"});
    (void)pond_rotate(a);
    cr_assert_eq(heard_count, 1);
    cr_assert_eq(strncmp(value(heard[0], "pond"), "a ", 2), 0, "%s", heard[0]);
    (void)pond_epoch_advance();
    cr_assert_eq(heard_count, 3);
    cr_assert_eq(strncmp(value(heard[1], "at"), value(heard[2], "at"), 8), 0, "one tick");
    cr_assert_eq(pond_destroy(a) + pond_destroy(b), 0);
}

Test(trace, ponds_that_come_and_go)
{
    pond *ponds[300], *p = test_pond((pond_options){.size = 64});
    (void)tick();
    for (size_t i = 0; i < 300; i++)
        ponds[i] = test_pond((pond_options){.size = 64});
    (void)pond_epoch_advance();
    cr_assert_eq(heard_count, 302);
    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0);
    cr_assert_eq(number(tick(), "epoch"), 3);
    cr_assert_eq(pond_destroy(p), 0);
    pond_epoch_advance();
    cr_assert_eq(heard_count, 303, "there is no pond");
}

Test(trace, names_do_not_end_their_value)
{
    pond *p = test_pond((pond_options){.size = 64, .name = "a b=\"c\"%\n\x1b[1m\xc3\xa9"});
    cr_assert_eq(strncmp(value(tick(), "pond"), "a%20b%3D%22c%22%25%0A%1B[1m%C3%A9 live=", 39), 0, "%s",
                 heard[0]);
    pond *none = test_pond((pond_options){.size = 64, .name = ""});
    (void)pond_rotate(none);
    cr_assert_eq(strncmp(value(heard[1], "pond"), " live=", 6), 0, "%s", heard[1]);
    cr_assert_eq(pond_destroy(p) + pond_destroy(none), 0);
}

Test(trace, the_word)
{
    pond *p = test_pond((pond_options){.size = 64});
    trace_on(false);
    cr_assert_eq(pond_profile_set("trace"), 0);
    cr_assert_eq(number(tick(), "rate"), 0);
    cr_assert_eq(pond_profile_set("rate=64k,trace"), 0);
    cr_assert_eq(number(tick(), "rate"), 65536);
    cr_assert_eq(pond_profile_set("rate=64k"), 0);
    pond_epoch_advance();
    cr_assert_eq(heard_count, 2);
    cr_assert_eq(pond_report_count(), 0, "a tick calls no function of the program's");
    cr_assert_eq(pond_profile_set("off"), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* Of each pond a stack, and more than there is room for. */
Test(trace, samples_that_are_lost)
{
    enum { PONDS = 1030, ROOM = 1024 };
    static pond *ponds[PONDS];
    cr_assert_eq(pond_profile_set("rate=1,trace"), 0);
    for (int i = 0; i < PONDS; i++) {
        ponds[i] = test_pond((pond_options){.size = 64});
        pond_put(ponds[i], pond_get(ponds[i]));
    }
    (void)pond_rotate(ponds[0]);
    cr_assert_eq(number(heard[0], "lost"), PONDS - ROOM);
    cr_assert_eq(pond_profile_lost(), PONDS - ROOM);
    cr_assert_eq(pond_profile_set("off"), 0);
    for (int i = 0; i < PONDS; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0);
}

Test(trace, another_kind_of_line)
{
    pond *p = test_pond((pond_options){.size = 64});
    trace_line("rate", "rate=%d why=%s", 16384, "grow");
    cr_assert_eq(heard_count, 1);
    cr_assert_eq(strncmp(heard[0], "pond: rate at=0.", 16), 0, "%s", heard[0]);
    cr_assert_str_eq(strstr(heard[0], " rate=16384"), " rate=16384 why=grow");
    trace_on(false);
    trace_line("rate", "rate=%d", 1);
    cr_assert_eq(heard_count, 1);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- the function that hears ---- */

static pond *used;
static int refused;

static void use(const char *line, void *ctx)
{
    (void)line, (void)ctx;
    void *obj = pond_get(used);
    must(obj != NULL, "errno %d", errno);
    pond_put(used, obj);
    errno = 0;
    (void)pond_epoch_advance();
    refused += errno == EDEADLK;
    (void)pond_destroy(test_pond((pond_options){.size = 8}));
    errno = 77;
}

Test(trace, the_function_may_use_ponds_and_not_tick)
{
    used = test_pond((pond_options){.size = 64});
    pond_on_trace(use, NULL);
    errno = 5;
    uint64_t first = pond_epoch_advance();
    cr_assert_eq(errno, 5, "errno is the program's");
    cr_assert_eq(refused, 1);
    cr_assert_eq(pond_rotate(used), 2);
    cr_assert_eq(refused, 2);
    cr_assert_eq(pond_epoch_advance(), first + 1);
    cr_assert_eq(pond_destroy(used), 0);
}

static void testcancel(const char *line, void *ctx)
{
    pthread_testcancel();
    hear(line, ctx);
}

static void *tick_cancelled(void *cancelled)
{
    (void)pthread_cancel(pthread_self());
    (void)pond_epoch_advance();
    *(bool *)cancelled = true;
    pthread_testcancel();
    *(bool *)cancelled = false;
    return NULL;
}

Test(trace, a_cancelled_thread_ends_its_tick)
{
    bool cancelled = false;
    pond *p = test_pond((pond_options){.size = 64});
    pond_on_trace(testcancel, heard);
    thread_run(tick_cancelled, &cancelled);
    cr_assert(cancelled);
    cr_assert_eq(heard_count, 1);
    (void)tick();
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- the last lines ---- */

Test(trace, the_last_lines_are_kept)
{
    static char text[TRACE_KEPT * TRACE_LINE_BYTES];
    pond *p = test_pond((pond_options){.size = 64});
    cr_assert_eq(trace_last(text, sizeof(text)), 0);
    for (size_t i = 0; i < TRACE_KEPT + 6; i++)
        (void)tick();
    size_t length = trace_last(text, sizeof(text)), lines = 0;
    cr_assert_eq(length, strlen(text));
    cr_assert_eq(text[length - 1], '\n');
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
        cr_assert_str_eq(line, heard[6 + lines++]);
    cr_assert_eq(lines, TRACE_KEPT);
    size_t two = strlen(heard[TRACE_KEPT + 4]) + strlen(heard[TRACE_KEPT + 5]) + 2;
    cr_assert_eq(trace_last(text, two + 1), two);
    cr_assert_eq(strncmp(text, heard[TRACE_KEPT + 4], strlen(heard[TRACE_KEPT + 4])), 0);
    cr_assert_eq(trace_last(text, two), strlen(heard[TRACE_KEPT + 5]) + 1, "a 0 is behind them");
    cr_assert_eq(trace_last(NULL, 0), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

static int see(const char *text, void *seen)
{
    size_t at = (*(size_t *)seen)++;
    must(strcmp(text, heard[heard_count - TRACE_KEPT + at]) == 0, "%s", text);
    return at == 40 ? 7 : 0;
}

static int see_all(const char *text, void *seen)
{
    return see(text, seen) * 0;
}

Test(trace, the_program_reads_the_last_lines)
{
    size_t seen = 0;
    pond *p = test_pond((pond_options){.size = 64});
    trace_on(false);
    cr_assert_eq(pond_trace_each(see_all, &seen), 0);
    trace_on(true);
    for (size_t i = 0; i < TRACE_KEPT + 6; i++)
        (void)tick();
    cr_assert_eq(pond_trace_each(see, &seen), 7, "it stops");
    cr_assert_eq(seen, 41);
    seen = 0;
    cr_assert_eq(pond_trace_each(see_all, &seen), 0);
    cr_assert_eq(seen, TRACE_KEPT);
    cr_assert_eq(pond_destroy(p), 0);
}

static void tick_in_child(void *parents)
{
    char text[8 * TRACE_LINE_BYTES];
    size_t length = trace_last(text, sizeof(text));
    must(length == strlen(parents) && strcmp(text, parents) == 0, "%s is not %s", text, (char *)parents);
    (void)tick();
    must(trace_last(text, sizeof(text)) == length + strlen(heard[heard_count - 1]) + 1, "%s", text);
}

Test(trace, a_child_has_its_parents_lines)
{
    char text[8 * TRACE_LINE_BYTES];
    pond *p = test_pond((pond_options){.size = 64});
    for (int i = 0; i < 3; i++)
        (void)tick();
    size_t length = trace_last(text, sizeof(text));
    test_in_child(tick_in_child, text);
    cr_assert_eq(trace_last(text, sizeof(text)), length);
    (void)tick();
    cr_assert_eq(pond_destroy(p), 0);
}
