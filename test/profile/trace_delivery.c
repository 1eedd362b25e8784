/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=write
/*
 * Lines of the trace arrive: each get, object and drop in one line, however many threads tick, and whole,
 * each in one write; no tick waits long for who reads them.
 */
#include "fault.h"
#include "heard.h"
#include "threads.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(trace_delivery, .timeout = TEST_ALARM, .init = begin, .fini = end);

/* ---- several threads ---- */

enum { THREADS = 4, PONDS = 3 };

static pond *many[PONDS];
static unsigned ticking; /* threads that do */

static void use_many(unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        void *objs[40];
        pond *p = many[round % PONDS];
        for (size_t i = 0; i < 40; i++)
            must((objs[i] = pond_get(p)) != NULL, "errno %d", errno);
        for (size_t i = 0; i < 40; i++)
            i % 13 == 0 ? pond_discard(p, objs[i]) : pond_put(p, objs[i]);
    }
}

static void tick_or_use(unsigned index, void *unused)
{
    (void)unused;
    if (index >= ticking)
        use_many(TEST_TIMES(4000));
    else
        for (int i = 0; i < 100; i++)
            (void)(i % 5 == 0 ? pond_rotate(many[i / 5 % PONDS]) : pond_epoch_advance());
}

static void make_many(void)
{
    for (size_t i = 0; i < PONDS; i++)
        many[i] = test_pond((pond_options){.size = (size_t)64 << i, .name = "many"});
}

/* The pond's lines: each epoch has one, and what they say adds up to what the statistics say. */
static void add_up(pond *p, uint64_t id)
{
    uint64_t gets = 0, miss = 0, made = 0, dropped = 0, expired = 0, epochs = 0;
    pond_stats s = test_stats(p);
    bool *seen = calloc(s.epoch + 1, sizeof(*seen));
    for (size_t i = 0; i < heard_count; i++) {
        const char *line = heard[i];
        if (number(line, "id") != id)
            continue;
        uint64_t epoch = number(line, "epoch");
        cr_assert(epoch > 0 && epoch <= s.epoch && !seen[epoch], "%s", line);
        seen[epoch] = true;
        epochs++;
        gets += number(line, "gets");
        miss += number(line, "miss");
        made += number(line, "made");
        dropped += number(line, "dropped");
        expired += number(line, "expired");
    }
    free(seen);
    cr_assert_eq(epochs, s.epoch);
    cr_assert(gets == s.gets && miss == s.misses && made == s.constructed, "%zu %zu", (size_t)gets, s.gets);
    cr_assert_eq(expired, s.dropped[POND_DROP_EPOCH]);
    cr_assert_eq(dropped, test_dropped(&s));
}

Test(trace_delivery, every_get_is_in_one_line)
{
    make_many();
    ticking = 2;
    crew_run(THREADS, tick_or_use, NULL);
    for (int i = 0; i < 4; i++) /* the last have dropped all, and said so */
        (void)pond_epoch_advance();
    for (size_t i = 0; i < PONDS; i++)
        add_up(many[i], i + 1);
    for (size_t i = 0; i < heard_count; i++)
        cr_assert_eq(number(heard[i], "unwritten"), 0);
    for (size_t i = 0; i < PONDS; i++)
        cr_assert_eq(pond_destroy(many[i]), 0);
}

/* What is live and idle in a line is of one instant, in which all gates are closed: it is all there is. */
Test(trace_delivery, what_is_live_and_idle_is_all_there_is)
{
    make_many();
    ticking = 1;
    crew_run(THREADS, tick_or_use, NULL);
    int64_t objects[PONDS + 1] = {0};
    for (size_t i = 0; i < heard_count; i++) {
        const char *line = heard[i];
        int64_t *mine = &objects[number(line, "id")];
        *mine += (int64_t)number(line, "made") - (int64_t)number(line, "dropped");
        int64_t all = (int64_t)(number(line, "live") + idle_of(line));
        int64_t way = THREADS; /* objects that are just being made or dropped by the shared way */
        cr_assert(llabs(*mine - all) <= way, "%lld: %s", (long long)*mine, line);
    }
}

static void fork_or_tick(unsigned index, void *unused)
{
    (void)unused;
    for (int i = 0; index > 0 && i < TEST_TIMES(4000); i++)
        i % 50 == 0 ? (void)pond_epoch_advance() : trace_line("test", "unwritten=0");
    for (int i = 0; index == 0 && i < TEST_TIMES(40); i++) {
        pid_t child = fork();
        if (child == 0) {
            (void)pond_epoch_advance();
            static char text[TRACE_KEPT * TRACE_LINE_BYTES];
            _exit(trace_last(text, sizeof(text)) > 0 ? 0 : 1);
        }
        int status = 0;
        must(child > 0 && waitpid(child, &status, 0) == child && status == 0, "status %d", status);
    }
}

static void listen_to_nothing(const char *line, void *ctx)
{
    (void)ctx;
    must(strncmp(line, "pond: t", 7) == 0 && value(line, "unwritten")[1] == '\0', "%s", line);
}

Test(trace_delivery, forks_while_others_tick)
{
    (void)test_pond((pond_options){.size = 64}); /* alone: TSan takes two in either order for a deadlock */
    pond_on_trace(listen_to_nothing, NULL);
    crew_run(3, fork_or_tick, NULL);
}

/* ---- stderr ---- */

static int before_stderr = -1;

static int redirect(int to)
{
    before_stderr = dup(STDERR_FILENO);
    return dup2(to, STDERR_FILENO);
}

static void restore(void)
{
    must(dup2(before_stderr, STDERR_FILENO) >= 0 && close(before_stderr) == 0, "dup2");
}

/* Each write is a message of its own. */
Test(trace_delivery, a_line_is_one_write)
{
    int ends[2];
    char message[4 * TRACE_LINE_BYTES];
    make_many();
    pond_on_trace(NULL, NULL);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    (void)redirect(ends[1]);
    (void)pond_epoch_advance();
    restore();
    for (int i = 0; i < PONDS; i++) {
        ssize_t n = recv(ends[0], message, sizeof(message), 0);
        cr_assert(n > 0 && message[n - 1] == '\n', "line %d", i);
        message[n - 1] = '\0';
        cr_assert_null(strchr(message, '\n'));
        cr_assert_eq(strncmp(message, "pond: tick epoch=1 ", 19), 0, "%s", message);
        (void)number(message, "unwritten");
    }
    cr_assert_eq(recv(ends[0], message, sizeof(message), 0), -1);
}

static int fill_stderr(int flags)
{
    static const char filler[4096];
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    while (write(ends[1], filler, sizeof(filler)) > 0)
        continue;
    cr_assert_eq(fcntl(ends[1], F_SETFL, flags), 0);
    (void)redirect(ends[1]);
    (void)close(ends[1]);
    return ends[0];
}

/* A second for all the lines of a tick, of which there are 100, and none is there for ever. */
static void nobody_reads(int flags)
{
    char text[TRACE_LINE_BYTES * 2];
    for (size_t i = 0; i < 100; i++)
        (void)test_pond((pond_options){.size = 64});
    pond_on_trace(NULL, NULL);
    uint64_t start = os_milliseconds();
    int reading = fill_stderr(flags);
    (void)pond_epoch_advance();
    uint64_t took = os_milliseconds() - start;
    restore();
    (void)close(reading);
    cr_assert(took >= 900 && took < 50000, "%d", (int)took);
    pond_on_trace(hear, heard);
    (void)pond_epoch_advance();
    cr_assert_eq(number(heard[0], "unwritten"), 100);
    cr_assert_gt(trace_last(text, sizeof(text)), 0);
}

Test(trace_delivery, a_full_pipe_holds_no_tick)
{
    nobody_reads(O_NONBLOCK);
}

Test(trace_delivery, nor_does_one_that_blocks)
{
    nobody_reads(0);
}

/* ---- a stderr that takes a part, and signals ---- */

enum { ALL, INTERRUPTED, A_PART, NOTHING_MORE };
static int taken;
static char written[8 * TRACE_LINE_BYTES];
static size_t written_length, writes;

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    if (fd != STDERR_FILENO || before_stderr != -2)
        return __real_write(fd, bytes, n);
    writes++;
    if ((taken == INTERRUPTED && writes % 2 == 1) || (taken == NOTHING_MORE && writes > 1)) {
        errno = taken == INTERRUPTED ? EINTR : EPIPE;
        return -1;
    }
    n = taken == A_PART || taken == NOTHING_MORE ? MIN(n, 100) : n;
    memcpy(written + written_length, bytes, n);
    written_length += n;
    return (ssize_t)n;
}

static void tick_to_a_stderr(int way)
{
    taken = way;
    writes = 0;
    before_stderr = -2;
    (void)pond_epoch_advance();
    before_stderr = -1;
}

Test(trace_delivery, a_write_goes_on_where_it_was)
{
    pond *p = test_pond((pond_options){.size = 64});
    pond_on_trace(NULL, NULL);
    tick_to_a_stderr(INTERRUPTED);
    cr_assert_eq(writes, 2);
    tick_to_a_stderr(A_PART);
    char kept[4 * TRACE_LINE_BYTES];
    cr_assert_eq(trace_last(kept, sizeof(kept)), written_length);
    cr_assert_str_eq(written, kept);
    cr_assert_eq(pond_destroy(p), 0);
}

/* The next line begins on a line of its own. */
Test(trace_delivery, a_torn_line_is_ended)
{
    pond *p = test_pond((pond_options){.size = 64});
    pond_on_trace(NULL, NULL);
    tick_to_a_stderr(NOTHING_MORE);
    cr_assert_eq(written_length, 100);
    tick_to_a_stderr(ALL);
    cr_assert_eq(strncmp(written + 100, "\npond: tick epoch=2 ", 20), 0, "%s", written);
    tick_to_a_stderr(ALL);
    cr_assert_null(strstr(written, "\n\n"));
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- no memory ---- */

Test(trace_delivery, without_memory_a_tick_is_a_tick)
{
    trace_on(false);
    pond *p = test_pond((pond_options){.size = 64});
    fault_arm(FAULT_MMAP, 0, true);
    trace_on(true);
    cr_assert_eq(pond_epoch_advance(), 1);
    cr_assert_gt(fault_hits(FAULT_MMAP), 0);
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(heard_count, 0);
    cr_assert_eq(number(tick(), "unwritten"), 1);
    char text[64];
    cr_assert_eq(trace_last(text, sizeof(text)), 0);
    cr_assert_eq(pond_destroy(p), 0);
}
