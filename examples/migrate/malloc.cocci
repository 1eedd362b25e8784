// malloc and free of one structure become a typed pond.
//
//     spatch --sp-file malloc.cocci -D t=client -D check FILES    says what stands against it
//     spatch --sp-file malloc.cocci -D t=client --in-place FILES
//
// t is the structure's tag. What changes:
//
//     malloc(sizeof(struct client)), calloc(1, sizeof(*c)), ...    client_get()
//     free(c)                                                      client_put(c)
//
// The pond is defined in the first of FILES that allocates one, and wipes each object at its put, as calloc's
// callers expect; where each user sets all members after the get, take POND_ZERO_ON_PUT away.
virtual check

@initialize:python@
@@
import sys
defined = False

// ---- what stands against it ----

@grown@
identifier virtual.t;
struct t *e;
position p;
@@
(
realloc@p(e, ...)
|
reallocarray@p(e, ...)
)

@one@
identifier virtual.t;
struct t *e;
position p;
@@
(
malloc@p(sizeof(struct t))
|
calloc@p(1, sizeof(struct t))
|
calloc@p(sizeof(struct t), 1)
|
e = malloc@p(sizeof(*e))
|
e = calloc@p(1, sizeof(*e))
|
e = calloc@p(sizeof(*e), 1)
)

@one_declared@
identifier virtual.t, i;
position p;
@@
(
struct t *i = malloc@p(sizeof(*i));
|
struct t *i = calloc@p(1, sizeof(*i));
|
struct t *i = calloc@p(sizeof(*i), 1);
)

@other@
identifier virtual.t;
struct t *e;
identifier f = {malloc, calloc, aligned_alloc, strdup, memdup};
position p != {one.p, one_declared.p};
@@
(
e = f@p(...)
|
e = (struct t *)f@p(...)
)

@other_declared@
identifier virtual.t, i;
identifier f = {malloc, calloc, aligned_alloc, strdup, memdup};
position p != {one.p, one_declared.p};
@@
struct t *i = f@p(...);

@script:python depends on check@
p << grown.p;
@@
print("%s:%s: is grown with realloc" % (p[0].file, p[0].line), file=sys.stderr)

@script:python depends on check@
p << other.p;
@@
print("%s:%s: is allocated by another size" % (p[0].file, p[0].line), file=sys.stderr)

@script:python depends on check@
p << other_declared.p;
@@
print("%s:%s: is allocated by another size" % (p[0].file, p[0].line), file=sys.stderr)

// ---- the pond ----

@script:python names depends on !check@
t << virtual.t;
get;
put;
options;
@@
coccinelle.get = cocci.make_ident(t + "_get")
coccinelle.put = cocci.make_ident(t + "_put")
coccinelle.options = cocci.make_ident(".flags = POND_ZERO_ON_PUT")

@depends on !check@
identifier virtual.t;
declarer name POND_DECLARE;
@@
struct t { ... };
+POND_DECLARE(t, struct t);

@depends on !check@
identifier virtual.t, names.get;
struct t *e;
@@
(
-malloc(sizeof(struct t))
+get()
|
-calloc(1, sizeof(struct t))
+get()
|
-calloc(sizeof(struct t), 1)
+get()
|
 e =
-malloc(sizeof(*e))
+get()
|
 e =
-calloc(1, sizeof(*e))
+get()
|
 e =
-calloc(sizeof(*e), 1)
+get()
)

@depends on !check@
identifier virtual.t, names.get, i;
@@
(
 struct t *i =
-malloc(sizeof(*i))
+get()
 ;
|
 struct t *i =
-calloc(1, sizeof(*i))
+get()
 ;
|
 struct t *i =
-calloc(sizeof(*i), 1)
+get()
 ;
)

@depends on !check@
identifier virtual.t, names.put;
struct t *e;
@@
-free(e)
+put(e)

@allocates depends on !check exists@
identifier fn, names.get;
position p;
@@
fn@p(...)
{
  ... when any
  get()
  ... when any
}

@script:python first@
fn << allocates.fn;
@@
if defined:
    cocci.include_match(False)
defined = True

@depends on first@
identifier allocates.fn, virtual.t, names.options;
position allocates.p;
declarer name POND_DEFINE;
type T;
@@
+POND_DEFINE(t, struct t, options);
T fn@p(...)
{
  ...
}
