/* Objects of ponds, and of an allocator of the program's own (POND_ESCAPE="own_get;own_put@1"). */
/* clang-format off */
#include <pond/typed.h>
#include <stdlib.h>

struct message {
    struct message *next;
    char text[48];
};
struct own;
extern pond *messages;
extern void *own_get(struct own *from, int flags);
extern void own_put(struct own *from, void *p);
static struct message *all;
static int first(const struct message *m) { return m->text[0]; }

int put_back(void)
{
    struct message *m = pond_get(messages); //~ pond_get does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    if (m == NULL)
        return -1;
    int n = first(m);
    pond_put(messages, m);
    return n;
}

int discarded(void)
{
    struct message *m = pond_get_wait(messages, 1000); //~ pond_get_wait does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    int n = m != NULL ? first(m) : 0;
    pond_discard(messages, m);
    return n;
}

struct message *handed_out(void)
{
    return pond_get(messages); //~ pond_get is returned at line +0: see the callers of handed_out
}

int of_a_wrapper(void)
{
    struct message *m = handed_out(); //~ handed_out does not escape: could be POND_SCOPED, or a local variable if it has a bounded size; nothing here frees it
    return m != NULL ? first(m) : 0;
}

void kept(void)
{
    struct message *m = pond_get(messages); //~ pond_get escapes: stored in all at line +3
    if (m != NULL)
        m->next = NULL;
    all = m;
}

POND_DECLARE(mail, struct message)
int typed(void)
{
    struct message *m = mail_get(); //~ mail_get does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    int n = m != NULL ? first(m) : 0;
    mail_put(m);
    return n;
}

void typed_and_kept(struct message *list)
{
    struct message *m = mail_get(); //~ mail_get escapes: stored in list->next at line +2
    if (m != NULL)
        list->next = m;
}

int own(struct own *from)
{
    struct message *m = own_get(from, 0); //~ own_get does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    int n = m != NULL ? first(m) : 0;
    own_put(from, m);
    return n;
}

/* What another put there before: it is not this function's. */
void what_it_has_is_not_ours(void)
{
    struct message *m = pond_get(messages); //~ pond_get does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    struct message *n = pond_get(messages); //~ pond_get escapes: stored in m->next->next at line +2
    if (m != NULL)
        m->next->next = n;
    pond_put(messages, m);
}
