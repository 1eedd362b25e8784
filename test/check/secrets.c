/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
/* Bytes of a POND_SENSITIVE field are in no word's report, and no copy of them outlives the object. */
#include "test.h"

#include "../../src/check/guard.h"
#include "../../src/check/secret.h"
#include "../misuse/heard.h"
#include "threads.h"

#include <pond/typed.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(secrets, .timeout = TEST_ALARM);

struct login {
    uint32_t user;
    char key[16];
    uint32_t mark;
};

POND_TYPE(login_type, struct login, POND_SENSITIVE(key));

#define USER 0x5a6b7c8du /* of which it can be seen that bytes are shown */

static const char secret[17] = "S3cr3t.K3y=x!y?z";
static struct heard heard;
static const char *heard_any; /* of all reports, what none may show; NULL: nothing */

/* The least of it that would be too much: three bytes that stand together, in plain or in hex. */
static bool shows_secret(const char *text)
{
    for (size_t i = 0; i + 3 <= 16; i++) {
        const unsigned char *s = (const unsigned char *)secret + i;
        char spaced[16], packed[16], plain[4] = {secret[i], secret[i + 1], secret[i + 2], '\0'};
        snprintf(spaced, sizeof spaced, "%02x %02x %02x", s[0], s[1], s[2]);
        snprintf(packed, sizeof packed, "%02x%02x%02x", s[0], s[1], s[2]);
        if (strstr(text, spaced) != NULL || strstr(text, packed) != NULL || strstr(text, plain) != NULL)
            return true;
    }
    return false;
}

static void hear_and_search(const pond_report *r, void *ctx)
{
    hear(r, ctx);
    if (shows_secret(r->text) || shows_secret(r->what) || shows_secret(r->advice))
        heard_any = heard.text;
}

static void fill(struct login *l)
{
    l->user = USER;
    memcpy(l->key, secret, 16);
}

static pond *make(const char *words, pond_options options)
{
    memset(&heard, 0, sizeof heard);
    heard_any = NULL;
    pond_on_report(hear_and_search, &heard);
    must(pond_debug_set(words) == 0, "errno %d", errno);
    options.type = options.type != NULL ? options.type : &login_type;
    return test_pond(options);
}

static struct login *get_filled(pond *p)
{
    struct login *l = pond_get(p);
    must(l != NULL, "errno %d", errno);
    fill(l);
    return l;
}

/* At least one report, the last of them of that word, and none of them shows it. */
static void expect_hidden(const char *word)
{
    cr_assert_gt(heard.count, 0, "%s: no report", word);
    cr_assert_str_eq(heard.word, word, "%s", heard.text);
    cr_assert_null(heard_any, "%s", heard_any);
}

static bool forget_user(void *obj, void *ctx)
{
    (void)ctx;
    ((struct login *)obj)->user = 0;
    return true;
}

/* ---- reset ---- */

Test(secrets, reset_says_where_it_is_not_zero)
{
    pond *p = make("reset,log", (pond_options){.reset = forget_user});
    struct login *l = get_filled(p);
    l->key[0] = l->key[15] = 0;
    pond_put(p, l);
    expect_hidden("reset");
    cr_assert_eq(heard.offset, offsetof(struct login, key));
    cr_assert_eq(heard.size, 16);
    cr_assert_not_null(strstr(heard.text, "not zero from offset 5 to 18;"), "%s", heard.text);
}

Test(secrets, reset_without_a_hook)
{
    pond *p = make("reset,log", (pond_options){.size = 0});
    pond_put(p, get_filled(p));
    expect_hidden("reset");
}

/* Declared fields may overlap: what is shown of the one hides the other. */
Test(secrets, reset_of_a_field_around_it)
{
    static const pond_field fields[] = {{"all", 0, sizeof(struct login), POND_FIELD_POINTER},
                                        {"key", offsetof(struct login, key), 16, POND_FIELD_SENSITIVE}};
    static const pond_type around = {"struct login", sizeof(struct login), 4, fields, 1},
                           both = {"struct login", sizeof(struct login), 4, fields, 2};
    pond *p = make("reset,log", (pond_options){.type = &both});
    pond_put(p, get_filled(p));
    cr_assert_null(heard_any, "%s", heard_any);
    cr_assert_eq(heard.count, 2, "%s", heard.text);
    p = make("reset,log", (pond_options){.type = &around});
    pond_put(p, get_filled(p));
    cr_assert_not_null(heard_any, "what is no secret is shown: %s", heard.text);
}

/* Of what lies beside it the bytes are shown as ever. */
Test(secrets, reset_shows_what_is_none)
{
    pond *p = make("reset,log", (pond_options){.reset = forget_user});
    struct login *l = pond_get(p);
    l->mark = USER;
    pond_put(p, l);
    expect_hidden("reset");
    cr_assert_not_null(strstr(heard.text, "is 8d 7c 6b 5a"), "%s", heard.text);
}

/* ---- poison ---- */

static void write_after_put(pond *p)
{
    struct login *l = pond_get(p);
    pond_put(p, l);
    fill(l);
}

static void expect_written_hidden(void)
{
    expect_hidden("poison");
    cr_assert_not_null(strstr(heard.text, "written: 8d 7c 6b 5a ** ** **"), "%s", heard.text);
    cr_assert_not_null(strstr(heard.text, SECRET_NOTE), "%s", heard.text);
}

Test(secrets, poison_at_the_next_get, .disabled = TEST_SANITIZED)
{
    pond *p = make("poison,log", (pond_options){.size = 0});
    write_after_put(p);
    pond_put(p, pond_get(p));
    expect_written_hidden();
}

Test(secrets, poison_at_a_tick, .disabled = TEST_SANITIZED)
{
    pond *p = make("poison,log", (pond_options){.size = 0});
    write_after_put(p);
    pond_rotate(p);
    expect_written_hidden();
}

Test(secrets, poison_at_a_drop, .disabled = TEST_SANITIZED)
{
    pond *p = make("poison,log", (pond_options){.size = 0});
    write_after_put(p);
    pond_trim(p);
    expect_written_hidden();
}

/* ---- the other words ---- */

Test(secrets, redzone, .disabled = TEST_SANITIZED)
{
    pond *p = make("redzone,log", (pond_options){.size = 0});
    struct login *l = get_filled(p);
    memcpy((char *)l + sizeof *l, secret, 8);
    memcpy((char *)l - 8, secret, 8);
    pond_put(p, l);
    expect_hidden("redzone");
}

Test(secrets, double_put_and_leak_and_hold)
{
    pond *p = make("double,leak,hold=0,log", (pond_options){.size = 0});
    struct login *l = get_filled(p);
    pond_put(p, l);
    pond_put(p, l);
    expect_hidden("double");
    (void)get_filled(p);
    pond_rotate(p);
    expect_hidden("hold");
    must(pond_destroy(p) == -1, "one is live");
    expect_hidden("leak");
}

Test(secrets, tag)
{
    pond *p = make("tag,log", (pond_options){.name = "one"});
    pond *q = test_pond((pond_options){.name = "other", .type = &login_type});
    pond_put(q, get_filled(p));
    expect_hidden("tag");
}

/* A put of what is no object: something in the middle of one, on the stack, and on the heap. */
Test(secrets, tag_of_what_is_none)
{
    pond *p = make("tag,log", (pond_options){.size = 0});
    struct login *l = get_filled(p), here, *heap = malloc(sizeof *heap);
    void *inside = l->key, *on_stack = &here, *on_heap = heap;
    must(heap != NULL, "no memory");
    fill(&here);
    fill(heap);
    __asm__("" : "+r"(inside), "+r"(on_stack), "+r"(on_heap)); /* gcc knows that they are none */
    pond_put(p, inside);
    pond_put(p, on_stack);
    pond_put(p, on_heap);
    cr_assert_eq(heard.count, 3, "%u: %s", heard.count, heard.text);
    expect_hidden("tag");
    free(heap);
    pond_put(p, l);
}

static size_t owns_much(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 1000;
}

Test(secrets, grow)
{
    pond *p = make("grow,log", (pond_options){.footprint = owns_much, .max_footprint = 10});
    pond_put(p, get_filled(p));
    expect_hidden("grow");
}

struct handed {
    pond *p;
    struct login *l;
};

static void *get_in_thread(void *arg)
{
    struct handed *h = arg;
    h->l = get_filled(h->p);
    return NULL;
}

Test(secrets, confine)
{
    struct handed h = {.p = make("confine,log", (pond_options){.flags = POND_THREAD_CONFINED})};
    pthread_t other;
    must(pthread_create(&other, NULL, get_in_thread, &h) == 0, "a thread");
    pthread_join(other, NULL);
    pond_put(h.p, h.l);
    expect_hidden("confine");
}

static void *get_inside(void *arg)
{
    return pond_get(arg);
}

static bool calls_in(void *obj, void *ctx)
{
    (void)obj;
    must(get_inside(*(pond **)ctx) == NULL, "it is refused");
    return true;
}

Test(secrets, hook)
{
    static pond *p;
    p = make("double,log", (pond_options){.reset = calls_in, .ctx = &p});
    pond_put(p, get_filled(p));
    expect_hidden("hook");
}

/* The handler may change anything. */
static __attribute__((noinline)) void read_it(const volatile char *at)
{
    (void)*at;
    __asm__ volatile("" : : : "memory");
}

Test(secrets, guard_beside_it_and_after_put)
{
    pond *p = make("guard,log", (pond_options){.size = 0});
    struct login *l = get_filled(p);
    char *where = (char *)l;
    where += guard_in_area((uintptr_t)l - 1) ? -8 : (int)sizeof *l;
    memcpy(where, secret, 8);
    pond_put(p, l);
    expect_hidden("guard");
    unsigned before = heard.count;
    read_it(l->key);
    cr_assert_eq(heard.count, before + 1, "%s", heard.text);
    expect_hidden("guard");
}

/* A put into a pond that is gone is reported whatever is on. */
Test(secrets, destroyed)
{
    pond *p = make("off", (pond_options){.size = 0});
    struct login here;
    fill(&here);
    must(pond_destroy(p) == 0, "errno %d", errno);
    must(pond_debug_set("log") == 0, "errno %d", errno);
    void *none = &here;
    __asm__("" : "+r"(none));
    pond_put(p, none);
    expect_hidden("destroyed");
}

/* What the words say together: each thing that can be wrong, with all of them on. */
Test(secrets, all_words_at_once, .disabled = TEST_SANITIZED)
{
    pond *p =
        make("double,tag,confine,reset,poison,redzone,grow,hold=0,leak,stacks=16,log",
             (pond_options){.footprint = owns_much, .max_footprint = 1001, .flags = POND_THREAD_CONFINED});
    struct login *l = get_filled(p), *held = get_filled(p);
    memcpy((char *)l + sizeof *l, secret, 8);
    pond_put(p, l);
    pond_put(p, l);
    pond_put(p, l->key);
    fill(l);
    memcpy((char *)l - 8, secret, 8);
    pond_rotate(p);
    must(pond_destroy(p) == -1, "one is live");
    expect_hidden("leak");
    cr_assert_geq(heard.count, 7, "only %u reports", heard.count);
    (void)held;
}

static void exit_with_one_live(void)
{
    pond_on_report(NULL, NULL);
    must(pond_debug_set("leak,stacks=16,log") == 0, "errno %d", errno);
    (void)get_filled(test_pond((pond_options){.type = &login_type}));
    exit(0);
}

/* At exit it is written to stderr, whoever hears reports. AddressSanitizer keeps dead frames, which lead to
 * it. */
Test(secrets, leak_at_exit, .disabled = TEST_SANITIZED)
{
    char text[4096];
    int ends[2];
    must(pipe(ends) == 0, "errno %d", errno);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        exit_with_one_live();
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0; n += (size_t)got)
        continue;
    text[n] = '\0';
    waitpid(child, NULL, 0);
    cr_assert_not_null(strstr(text, "live at exit"), "%s", text);
    cr_assert_not(shows_secret(text), "%s", text);
}

/* ---- copies ---- */

static bool lies_in(const void *memory, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++)
        for (size_t k = 0; k + 3 <= 16; k++)
            if (memcmp((const char *)memory + i, secret + k, 3) == 0)
                return true;
    return false;
}

/* What poison covers comes back as it was; then nothing of it is kept. */
Test(secrets, poison_keeps_it_no_longer_than_it_must)
{
    pond *p = make("poison,log", (pond_options){.size = 0});
    struct login *l = get_filled(p);
    struct record *r = record_of(p, l);
    pond_put(p, l);
    cr_assert(lies_in(record_kept(r), sizeof *l));
    must(pond_get(p) == l, "the same object");
    cr_assert(lies_in(l, sizeof *l), "a put changes nothing");
    cr_assert_not(lies_in(record_kept(r), sizeof *l), "it is still kept");
    pond_put(p, l);
    must(pond_debug_set("off") == 0, "errno %d", errno);
    cr_assert_not(lies_in(record_kept(r), sizeof *l), "it is still kept when the word is off");
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

static int construct_secret(void *obj, void *ctx)
{
    (void)ctx;
    fill(obj);
    return 0;
}

static bool wipe(void *obj, void *ctx)
{
    (void)ctx;
    memset(((struct login *)obj)->key, 0, 16);
    return true;
}

Test(secrets, what_construct_left_is_not_kept)
{
    pond *p = make("reset,log", (pond_options){.construct = construct_secret, .reset = wipe});
    struct login *l = pond_get(p);
    const unsigned char *was = record_snapshot(check_of(p), record_of(p, l));
    cr_assert_arr_eq(was, (&(uint32_t){USER}), sizeof(uint32_t));
    cr_assert_not(lies_in(was, sizeof *l));
    pond_put(p, l);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* All else stays in the slot as it was put, for a core file. */
Test(secrets, a_guard_slot_has_none_when_its_object_has_ended)
{
    pond *p = make("guard,log", (pond_options){.size = 0});
    struct login *put = get_filled(p), *discarded = get_filled(p);
    pond_put(p, put);
    pond_discard(p, discarded);
    cr_assert(guard_open((uintptr_t)put) && guard_open((uintptr_t)discarded));
    cr_assert_eq(put->user, USER);
    cr_assert_not(lies_in(put, sizeof *put));
    cr_assert_eq(discarded->user, USER);
    cr_assert_not(lies_in(discarded, sizeof *discarded));
}
