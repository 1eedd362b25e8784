// A list of spare objects behind a mutex becomes a typed pond.
//
//     spatch --sp-file freelist.cocci -D t=message -D get=new_message -D put=release_message --in-place FILES
//
// t is the structure's tag; get and put are the list's two functions, and the file that defines them is the
// first of FILES:
//
//     get   lock; pop the head of the list, if there is one; unlock; else malloc or calloc
//     put   lock; push; unlock
//
// They go, with their prototypes, the list's head and its mutex (when nothing else uses them), and every call
// becomes one of message_get or message_put. When one of them does more than that, nothing is changed, and
// stderr says where: what it does besides belongs into a hook.

@initialize:python@
@@
import sys
approved = False
unfit = False

def refuse(where, why):
    global unfit
    unfit = True
    print("%s:%s: %s: nothing is changed" % (where[0].file, where[0].line, why), file=sys.stderr)

// ---- are they what they are taken for? ----

@popping exists@
identifier virtual.t, virtual.get;
identifier head, lock, m, link;
position p;
@@
struct t *get@p(...)
{
  ... when any
  pthread_mutex_lock(&lock);
  ... when any
(
  m = head;
|
  struct t *m = head;
)
  ... when any
  head = m->link;
  ... when any
  pthread_mutex_unlock(&lock);
  ... when any
}

@pushing exists@
identifier virtual.t, virtual.put;
identifier popping.head, popping.lock, popping.link, m;
@@
void put(struct t *m)
{
  ... when any
  pthread_mutex_lock(&lock);
  ... when any
  m->link = head;
  ... when any
  head = m;
  ... when any
  pthread_mutex_unlock(&lock);
  ... when any
}

@get_calls depends on popping exists@
identifier virtual.t, virtual.get;
identifier f != {pthread_mutex_lock, pthread_mutex_unlock, malloc, calloc};
position p;
@@
struct t *get(...) { ... when any
  f@p(...)
  ... when any
}

@put_calls depends on popping exists@
identifier virtual.t, virtual.put, m;
identifier f != {pthread_mutex_lock, pthread_mutex_unlock, free};
position p;
@@
void put(struct t *m) { ... when any
  f@p(...)
  ... when any
}

@get_writes depends on popping exists@
identifier virtual.t, virtual.get;
identifier popping.m, member;
expression e;
position p;
@@
struct t *get(...) { ... when any
  m->member@p = e
  ... when any
}

@put_writes depends on popping exists@
identifier virtual.t, virtual.put;
identifier popping.link, m, member != popping.link;
expression e;
position p;
@@
void put(struct t *m) { ... when any
  m->member@p = e
  ... when any
}

@script:python@
p << get_calls.p;
@@
refuse(p, "the get function calls something else")

@script:python@
p << put_calls.p;
@@
refuse(p, "the put function calls something else")

@script:python@
p << get_writes.p;
@@
refuse(p, "the get function writes to the object")

@script:python@
p << put_writes.p;
@@
refuse(p, "the put function writes to the object")

@script:python depends on popping && pushing@
p << popping.p;
@@
approved = not unfit

@script:python ok@
t << virtual.t;
typed_get;
typed_put;
@@
if approved:
    coccinelle.typed_get = cocci.make_ident(t + "_get")
    coccinelle.typed_put = cocci.make_ident(t + "_put")
else:
    cocci.include_match(False)

// ---- the pond in their place ----

@depends on ok@
identifier virtual.t, virtual.get;
declarer name POND_DEFINE;
@@
+POND_DEFINE(t, struct t);
-struct t *get(...)
-{
-...
-}

@depends on ok@
identifier virtual.t, virtual.put, m;
@@
-void put(struct t *m)
-{
-...
-}

@depends on ok@
identifier virtual.t, virtual.get;
@@
-struct t *get(...);

@depends on ok@
identifier virtual.t, virtual.put;
type T;
@@
-T put(...);

@depends on ok@
identifier virtual.t;
declarer name POND_DECLARE;
@@
struct t { ... };
+POND_DECLARE(t, struct t);

@depends on ok@
identifier virtual.get, ok.typed_get;
@@
-get
+typed_get
 (...)

@depends on ok@
identifier virtual.put, ok.typed_put;
@@
-put
+typed_put
 (...)

// ---- what nobody needs any more ----

@head_used@
identifier popping.head;
@@
head

@depends on ok && !head_used@
identifier virtual.t, popping.head;
@@
-static struct t *head;

@depends on ok && !head_used@
identifier virtual.t, popping.head;
@@
-static struct t *head = NULL;

@lock_used@
identifier popping.lock;
@@
lock

@depends on ok && !lock_used@
identifier popping.lock;
@@
-static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
