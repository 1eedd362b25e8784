/* Objects that stay, and what looks like it. A comment with a tilde is said of the allocation on its line. */
/* clang-format off */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

struct leaf {
    int number;
    char text[20];
};
struct branch {
    struct branch *next;
    struct leaf *leaf;
    size_t length;
};

int read_and_written(int n)
{
    struct leaf *l = malloc(sizeof *l); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    if (l == NULL)
        return -1;
    l->number = n;
    n = l->number + 1;
    free(l);
    return n;
}

static int first(const struct leaf *l) { return l->text[0]; }
static int twice_first(const struct leaf *l) { return first(l) + first(l); }
int shown_two_calls_deep(void)
{
    struct leaf *l = calloc(1, sizeof *l); //~ calloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    int n = l != NULL ? twice_first(l) : 0;
    free(l);
    return n;
}

static void leaf_free(struct leaf *l)
{
    memset(l, 0, sizeof *l);
    free(l);
}
void freed_by_another(void)
{
    struct leaf *l = malloc(sizeof *l); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    if (l != NULL)
        leaf_free(l);
}

static struct leaf *itself(struct leaf *l) { return l; }
int through_a_result(void)
{
    struct leaf *l = itself(malloc(sizeof *l)); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    int n = l != NULL ? l->number : 0;
    free(l);
    return n;
}

int held_by_one_that_stays(void)
{
    struct branch b = {0};
    b.leaf = malloc(sizeof *b.leaf); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    int n = b.leaf != NULL ? b.leaf->number : 0;
    free(b.leaf);
    return n;
}

int list_that_stays(int n)
{
    struct branch *head = NULL;
    while (n-- > 0) {
        struct branch *b = malloc(sizeof *b); //~ malloc does not escape: one in each round of a loop: could be a local variable or POND_SCOPED, if a round's object ends with the round
        if (b == NULL)
            break;
        b->next = head;
        head = b;
    }
    int count = 0;
    while (head != NULL) {
        struct branch *next = head->next;
        free(head);
        head = next;
        count++;
    }
    return count;
}

static void push(struct branch **head, struct branch *b)
{
    b->next = *head;
    *head = b;
}
int pushed_by_another(void)
{
    struct branch *head = NULL;
    struct branch *b = malloc(sizeof *b); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    if (b == NULL)
        return -1;
    push(&head, b);
    int n = head->next == NULL;
    free(head);
    return n;
}

static int depth(const struct branch *b, int n) { return b == NULL ? n : depth(b->next, n + 1); }
int shown_to_one_that_calls_itself(void)
{
    struct branch *b = calloc(1, sizeof *b); //~ calloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    int n = depth(b, 0);
    free(b);
    return n;
}

int of_any_size(size_t n)
{
    char *p = malloc(n); //~ malloc does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    if (p == NULL)
        return -1;
    memset(p, 1, n);
    int r = p[n / 2];
    free(p);
    return r;
}

int large(void)
{
    char *p = malloc(1 << 20); //~ malloc does not escape: could be POND_SCOPED; with 1048576 bytes it is large for a local variable
    int r = p != NULL ? p[5] : 0;
    free(p);
    return r;
}

int grown(int n)
{
    char *p = malloc(8); //~ malloc does not escape: it is grown by realloc, so it could be POND_SCOPED of its usual size
    char *q = realloc(p, (size_t)n);
    if (q == NULL)
        return -1;
    q[0] = 1;
    int r = q[0];
    free(q);
    return r;
}

int not_freed(void)
{
    int *p = malloc(sizeof *p); //~ malloc does not escape: could be a local variable or POND_SCOPED (4 bytes); nothing here frees it
    return p != NULL ? *p : 0;
}

int compared_as_a_number(int *other)
{
    int *p = malloc(sizeof *p); //~ malloc does not escape: could be a local variable or POND_SCOPED (4 bytes)
    int r = ((uintptr_t)p & 15) == 0 && (uintptr_t)p < (uintptr_t)other;
    free(p);
    return r;
}

long distance(const char *s)
{
    char *p = strdup(s); //~ strdup does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    if (p == NULL)
        return -1;
    char *end = strchr(p, ':');
    long n = end != NULL ? end - p : 0;
    printf("%.*s\n", (int)n, p);
    free(p);
    return n;
}

int length_leaves_but_not_the_object(size_t *out)
{
    struct branch *b = malloc(sizeof *b); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    struct branch copy;
    if (b == NULL)
        return -1;
    b->length = 3;
    b->leaf = NULL;
    b->next = b;
    memcpy(&copy, b, sizeof copy);
    *out = copy.length;
    free(b);
    return 0;
}

void back_to_the_start(int n)
{
    char *p = NULL;
again:
    free(p);
    p = malloc(10); //~ malloc does not escape: one in each round of a loop: could be a local variable or POND_SCOPED, if a round's object ends with the round
    if (p != NULL && n-- > 0)
        goto again;
    free(p);
}

int aligned(void)
{
    void *p;
    if (posix_memalign(&p, 64, 128) != 0) //~ posix_memalign does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
        return -1;
    int r = *(char *)p;
    free(p);
    return r;
}

size_t taken_apart(const char *s)
{
    char *copy = strdup(s), *rest, *word; //~ strdup does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    size_t n = 0;
    for (word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        n += strlen(word);
    free(copy);
    return n;
}

static struct leaf *leaf_new(int n)
{
    struct leaf *l = malloc(sizeof *l); //~ malloc is returned at line +3: see the callers of leaf_new
    if (l != NULL)
        l->number = n;
    return l;
}
int of_a_wrapper(void)
{
    struct leaf *l = leaf_new(4); //~ leaf_new does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    int n = l != NULL ? l->number : 0;
    free(l);
    return n;
}

extern ssize_t write(int fd, const void *from, size_t n);
static void flush(int fd, struct branch *b) { write(fd, b->leaf->text, b->length); }
void its_bytes_are_written(int fd)
{
    struct branch b = {0};
    b.leaf = calloc(1, sizeof *b.leaf); //~ calloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    flush(fd, &b);
    free(b.leaf);
}

/* A get of the program's own that is no pond's: what it returns is not new. */
static struct leaf one;
static struct leaf *one_get(void) { return &one; }
static void one_put(struct leaf *l) { l->number--; }
int not_a_pond(void)
{
    struct leaf *l = one_get(), *m = malloc(sizeof *m); //~ malloc does not escape: could be a local variable or POND_SCOPED (24 bytes)
    int n = l->number;
    one_put(l);
    free(m);
    return n;
}

int its_bytes_are_written_from_a_list(int fd)
{
    char *text = calloc(1, 10); //~ calloc does not escape: could be a local variable or POND_SCOPED (10 bytes)
    struct iovec list[2] = {{text, 10}, {text, 5}};
    int n = (int)writev(fd, list, 2);
    free(text);
    return n;
}
