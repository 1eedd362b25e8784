/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed ponds: the compiler sees which type goes in and out.
 *
 *     POND_DECLARE(conn, struct conn)                          in a header
 *     POND_DEFINE(conn, struct conn, .reset = conn_reset)      once, in a .c file
 *
 * declares and defines
 *
 *     struct conn *conn_get(void);          as pond_get
 *     void conn_put(struct conn *);         as pond_put
 *     void conn_discard(struct conn *);     as pond_discard
 *     pond *conn_pond(void);                the pond itself, created by the first of these calls;
 *                                           NULL and errno when it cannot be
 *
 * What follows the type in POND_DEFINE are fields of pond_options. Include <pond/inline.h> before the
 * POND_DEFINE to have the fast path inlined there. In C++, POND_DEFINE with fields needs C++20
 * (designated initialisers, in the order of pond_options); pond_typed<T> works from C++11 on.
 */
#ifndef POND_TYPED_H
#define POND_TYPED_H

#include <pond/pond.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Returns *where, creating it first with options (type and name from fallback where they have none)
 * if it is NULL; exactly one of several threads creates. NULL and errno as pond_create. What
 * POND_DEFINE expands to.
 */
POND_API pond *pond_create_once(pond **where, const pond_options *options, const pond_type *fallback);

POND_API pond *pond_create_once_sized(pond **where, const pond_options *options, size_t bytes,
                                      const pond_type *fallback);

#ifndef POND_LIBRARY_
POND_TELLS_SIZE_ pond *pond_create_once(pond **where_, const pond_options *options_,
                                        const pond_type *fallback_)
{
    return pond_create_once_sized(where_, options_, sizeof *options_, fallback_);
}
#endif

#ifdef __cplusplus
}
#define POND_ALIGNOF_(T) alignof(T)
#define POND_FIRST_FIELD_(T)
#define POND_FEW_FIELDS_                                                                                     \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define POND_ALL_FIELDS_ _Pragma("GCC diagnostic pop")
#define POND_EXTERN_C_ extern "C"
#else
#define POND_ALIGNOF_(T) (__extension__ _Alignof(T))
#define POND_FIRST_FIELD_(T) .size = sizeof(T),
#define POND_FEW_FIELDS_
#define POND_ALL_FIELDS_
#define POND_EXTERN_C_
#endif

/* C89 has no variadic macros, no designated initialisers and no _Alignof: with -pedantic they are used in
   silence here, as an extension, which __extension__ and this say. */
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvariadic-macros"
#endif

#define POND_FIRST_(first, ...) first
#define POND_REST_(first, ...) __VA_ARGS__

/* Without optimisation the functions below have frames of their own, and say who called them: else reports
   would name them. With it they end with a jump to pond_get or pond_put, which see their caller. */
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
#define POND_TYPED_GET_(p) pond_get_from(p, __builtin_return_address(0))
#define POND_TYPED_PUT_(p, obj) pond_put_from(p, obj, __builtin_return_address(0))
#elif defined(POND_INLINE_H)
#define POND_TYPED_GET_ pond_get_inline
#define POND_TYPED_PUT_ pond_put_inline
#else
#define POND_TYPED_GET_ pond_get
#define POND_TYPED_PUT_ pond_put
#endif

/*
 * POND_DECLARE(name, T): declares the typed pond of T: name_get, name_put, name_discard and name_pond. In a
 * header, or in the .c file before its POND_DEFINE; no semicolon is needed. T may be any type that a typedef
 * takes. To the compiler a T * of name_get is what only name_put and name_discard end: gcc's -fanalyzer knows
 * of it.
 */
#define POND_DECLARE(name, T)                                                                                \
    typedef T name##_pond_object;                                                                            \
    POND_EXTERN_C_ pond *name##_pond(void);                                                                  \
    POND_EXTERN_C_ void name##_put(T *);                                                                     \
    POND_EXTERN_C_ void name##_discard(T *);                                                                 \
    POND_EXTERN_C_ T *name##_get(void) POND_USE_RESULT POND_FREED_BY(name##_put, 1)                          \
        POND_FREED_BY(name##_discard, 1);                                                                    \
    __attribute__((__unused__)) static __inline__ void name##_put_scoped(T **pond_object_)                   \
    {                                                                                                        \
        name##_put(*pond_object_);                                                                           \
    }

/*
 * POND_DEFINE(name, T, .field = value, ...): defines what POND_DECLARE(name, T) declared, once in a program.
 * The pond has the size and alignment of T, and its name unless .name says another; the fields are those of
 * pond_options, constants all, without size. It is made by the first call of any of the functions, on
 * whichever thread; where that fails, name_get and name_pond return NULL with errno as pond_create sets it,
 * and the next call tries again. It lives as long as the program, unless pond_destroy(name_pond()) ends it,
 * after which none of the functions may be called. Each call costs an atomic read more than one of pond_get
 * and pond_put. No semicolon is needed.
 */
/*
 * With gcc, name_get's body is a function name_pond_get with the symbol name_get, and so on: -fanalyzer
 * would go by a body that it finds in the same file, and not by what name_get is declared to be.
 */
#if POND_HAS_FREED_BY
#define POND_BODY_(name, of) name##_pond_##of
#define POND_BODY_DECLARE_(T, body, symbol, argument) POND_EXTERN_C_ T body(argument) POND_SYMBOL_(symbol);
#else
#define POND_BODY_(name, of) name##_##of
#define POND_BODY_DECLARE_(T, body, symbol, argument)
#endif
#define POND_DEFINE(name, ...) POND_DEFINE_(name, POND_FIRST_(__VA_ARGS__, 0), POND_REST_(__VA_ARGS__, ))
#define POND_DEFINE_(name, T, ...)                                                                           \
    pond *name##_pond(void)                                                                                  \
    {                                                                                                        \
        static pond *pond_made_;                                                                             \
        static const pond_type pond_type_ = {#name, sizeof(T), POND_ALIGNOF_(T), NULL, 0};                   \
        POND_FEW_FIELDS_                                                                                     \
        __extension__ static const pond_options pond_options_ = {POND_FIRST_FIELD_(T) __VA_ARGS__};          \
        POND_ALL_FIELDS_                                                                                     \
        pond *pond_found_ = __atomic_load_n(&pond_made_, __ATOMIC_ACQUIRE);                                  \
        return pond_found_ != NULL ? pond_found_                                                             \
                                   : pond_create_once(&pond_made_, &pond_options_, &pond_type_);             \
    }                                                                                                        \
    POND_BODY_DECLARE_(T *, name##_pond_get, name##_get, void)                                               \
    POND_BODY_DECLARE_(void, name##_pond_put, name##_put, T *)                                               \
    POND_BODY_DECLARE_(void, name##_pond_discard, name##_discard, T *)                                       \
    T *POND_BODY_(name, get)(void)                                                                           \
    {                                                                                                        \
        pond *pond_found_ = name##_pond();                                                                   \
        return pond_found_ != NULL ? POND_CAST_(T *, POND_TYPED_GET_(pond_found_)) : NULL;                   \
    }                                                                                                        \
    void POND_BODY_(name, put)(T * pond_object_)                                                             \
    {                                                                                                        \
        if (pond_object_ != NULL)                                                                            \
            POND_TYPED_PUT_(name##_pond(), pond_object_);                                                    \
    }                                                                                                        \
    void POND_BODY_(name, discard)(T * pond_object_)                                                         \
    {                                                                                                        \
        if (pond_object_ != NULL)                                                                            \
            pond_discard(name##_pond(), pond_object_);                                                       \
    }

/*
 * POND_SCOPED(name, var): T *var = name_get(), put back when the block ends: at its end, by return, break,
 * continue, goto, and a C++ exception. var is NULL when name_get failed, with errno, and is then not put.
 * Where the block's file is compiled with -fexceptions (C++ is), pthread_exit and cancellation put it back as
 * well. longjmp never does. Nor does it where var is set to NULL meanwhile: the object is then somebody
 * else's.
 */
#define POND_SCOPED(name, var)                                                                               \
    __attribute__((__cleanup__(name##_put_scoped))) name##_pond_object *var = name##_get()

/*
 * POND_TYPE(var, T, field, ...): defines `static const pond_type var`, a tag that also says what each
 * field promises after reset, for the word reset of <pond/debug.h> to check. Up to 16 fields, each
 * POND_SENSITIVE(member), POND_POINTER(member) or POND_KEPT(member); what is not named must be as construct
 * left it, or zero. What a reset hook keeps on purpose, a buffer and its capacity, has to be POND_KEPT: else
 * a right program is reported. Hand it over as .type = &var. It costs nothing while the word is off.
 *
 *     struct text { char *bytes; size_t used, capacity; };
 *     POND_TYPE(text_type, struct text, POND_KEPT(bytes), POND_KEPT(capacity));
 *     POND_DEFINE(text, struct text, .type = &text_type, .reset = text_reset, .destroy = text_end)
 */

/*
 * POND_SENSITIVE(member): the member is all zero after reset, for it held a secret. No report shows a byte of
 * it.
 */
/*
 * POND_POINTER(member): the member is NULL after reset, for it pointed at what the object does not own.
 */
/*
 * POND_KEPT(member): the member is kept by reset on purpose: a buffer, a context, what belongs to it.
 */
#define POND_SENSITIVE(member) (POND_FIELD_SENSITIVE, member)
#define POND_POINTER(member) (POND_FIELD_POINTER, member)
#define POND_KEPT(member) (POND_FIELD_KEPT, member)
#define POND_TYPE(var, ...) POND_TYPE_(var, POND_FIRST_(__VA_ARGS__, 0), __VA_ARGS__)
#define POND_TYPE_(var, T, ...)                                                                              \
    static const pond_field var##_fields[] = {POND_FIELDS_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, \
                                                           6, 5, 4, 3, 2, 1, 0,                              \
                                                           0)(__VA_ARGS__, 0){NULL, 0, 0, POND_FIELD_KEPT}}; \
    static const pond_type var = {POND_STRING_(T), sizeof(T), POND_ALIGNOF_(T), var##_fields,                \
                                  sizeof(var##_fields) / sizeof(var##_fields[0]) - 1}

#define POND_STRING_(...) #__VA_ARGS__
#define POND_UNPACK_(...) __VA_ARGS__
#define POND_FIELD_(T, tuple) POND_FIELD_EXPAND_(T, POND_UNPACK_ tuple)
#define POND_FIELD_EXPAND_(...) POND_FIELD_MAKE_(__VA_ARGS__)
#define POND_FIELD_MAKE_(T, kind, member)                                                                    \
    {#member, offsetof(T, member), sizeof(POND_CAST_(T *, NULL)->member), kind},

/* Picks the POND_EACH_n for n fields: the type and the fields push n into the place of `count`. */
#define POND_FIELDS_(T, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, count, ...) POND_FIELDS_PASTE_(count)
#define POND_FIELDS_PASTE_(count) POND_EACH_##count
#define POND_EACH_0(T, ...)
#define POND_EACH_1(T, a, ...) POND_FIELD_(T, a)
#define POND_EACH_2(T, a, ...) POND_FIELD_(T, a) POND_EACH_1(T, __VA_ARGS__)
#define POND_EACH_3(T, a, ...) POND_FIELD_(T, a) POND_EACH_2(T, __VA_ARGS__)
#define POND_EACH_4(T, a, ...) POND_FIELD_(T, a) POND_EACH_3(T, __VA_ARGS__)
#define POND_EACH_5(T, a, ...) POND_FIELD_(T, a) POND_EACH_4(T, __VA_ARGS__)
#define POND_EACH_6(T, a, ...) POND_FIELD_(T, a) POND_EACH_5(T, __VA_ARGS__)
#define POND_EACH_7(T, a, ...) POND_FIELD_(T, a) POND_EACH_6(T, __VA_ARGS__)
#define POND_EACH_8(T, a, ...) POND_FIELD_(T, a) POND_EACH_7(T, __VA_ARGS__)
#define POND_EACH_9(T, a, ...) POND_FIELD_(T, a) POND_EACH_8(T, __VA_ARGS__)
#define POND_EACH_10(T, a, ...) POND_FIELD_(T, a) POND_EACH_9(T, __VA_ARGS__)
#define POND_EACH_11(T, a, ...) POND_FIELD_(T, a) POND_EACH_10(T, __VA_ARGS__)
#define POND_EACH_12(T, a, ...) POND_FIELD_(T, a) POND_EACH_11(T, __VA_ARGS__)
#define POND_EACH_13(T, a, ...) POND_FIELD_(T, a) POND_EACH_12(T, __VA_ARGS__)
#define POND_EACH_14(T, a, ...) POND_FIELD_(T, a) POND_EACH_13(T, __VA_ARGS__)
#define POND_EACH_15(T, a, ...) POND_FIELD_(T, a) POND_EACH_14(T, __VA_ARGS__)
#define POND_EACH_16(T, a, ...) POND_FIELD_(T, a) POND_EACH_15(T, __VA_ARGS__)

#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif

#ifdef __cplusplus
#include <cerrno>
#include <memory>

/*
 * A typed pond that owns its pool, for C++11 and later: pond_typed<conn> conns(options);
 * auto c = conns.get(); The unique_ptr puts the object back. The pool must outlive its objects: when
 * some are still live at its destruction, it is left allocated. Objects are made by the options'
 * hooks, not by constructors.
 */
template <class T> class pond_typed
{
  public:
    struct putter {
        pond *owner;
        void operator()(T *obj_) const { pond_put(owner, obj_); }
    };
    using pointer = std::unique_ptr<T, putter>;

    explicit pond_typed(pond_options options_ = pond_options())
    {
        static const pond_type type_ = {"object", sizeof(T), alignof(T), nullptr, 0};
        if (options_.type == nullptr)
            options_.type = &type_;
        made = pond_create(&options_);
    }
    ~pond_typed() { (void)pond_destroy(made); }
    pond_typed(const pond_typed &) = delete;
    pond_typed &operator=(const pond_typed &) = delete;

    pointer get() { return pointer(made ? static_cast<T *>(pond_get(made)) : nullptr, putter{made}); }
    pond *get_pond() const { return made; } /* NULL: creation failed, with pond_create's errno */

  private:
    pond *made;
};
#endif

#endif
