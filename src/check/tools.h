/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What AddressSanitizer, ThreadSanitizer and Valgrind's memcheck are told of objects, so that a pond hides
 * no bug from them: an idle object is as freed memory is. None of them is needed to build the library, nor
 * need the library be built with one: it asks at run time which one the program brought along.
 *
 * An object's way, as a tool sees it:
 *
 *                 tools_got            tools_put
 *     closed -----------------> live -----------> closed
 *     closed -- tools_open --> looked at -- tools_close --> closed
 *     any    -- tools_ended --> plain memory
 *
 *  1. Memory is plain when an object is made of it. tools_close after construct, whether or not a get takes
 *     the object next; then tools_redzone for the room around it.
 *  2. tools_got is the last thing before a get returns, when what the library reads and restores of the
 *     object is done.
 *  3. tools_put is called for each object that leaves its user's hands: put, rejected and discarded ones.
 *     It comes after reset and the checks of a put, and before another thread can get the object.
 *  4. Whatever else touches an idle object (footprint, poison checks, red zones) does so between tools_open
 *     and tools_close. memcpy and its like are watched by the tools even where the library is not.
 *  5. tools_ended, before the destroy hook, with the room around the object: the hook may touch it, and a
 *     tool must have forgotten all of it before the memory becomes another object or goes back to the system.
 *  6. Nothing is said of one object by two threads at a time; nothing needs a lock.
 *
 * Sizes are those of the type. Of objects that create made (size 0) only ThreadSanitizer is told.
 */
#ifndef POND_CHECK_TOOLS_H
#define POND_CHECK_TOOLS_H

#include <pond/pond.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif

/* ---- what the program may have brought along ---- */

#define TOOLS_WEAK __attribute__((weak))
void __asan_poison_memory_region(const volatile void *address, size_t n) TOOLS_WEAK;
void __asan_unpoison_memory_region(const volatile void *address, size_t n) TOOLS_WEAK;
void __lsan_register_root_region(const void *address, size_t n) TOOLS_WEAK;
void __tsan_acquire(void *address) TOOLS_WEAK;
void __tsan_release(void *address) TOOLS_WEAK;

/* Valgrind's words as functions, which do nothing where its header was missing. */
#ifdef VALGRIND_MAKE_MEM_DEFINED
static inline bool valgrind_defined(const void *address, size_t n)
{
    return VALGRIND_MAKE_MEM_DEFINED(address, n) != 0; /* 0 without memcheck */
}

static inline void valgrind_noaccess(const void *address, size_t n)
{
    (void)VALGRIND_MAKE_MEM_NOACCESS(address, n);
}

static inline void valgrind_pool(const void *pool, bool made)
{
    if (made)
        VALGRIND_CREATE_MEMPOOL(pool, 0, 0);
    else
        VALGRIND_DESTROY_MEMPOOL(pool);
}

static inline void valgrind_got(const void *pool, const void *obj, size_t n)
{
    VALGRIND_MEMPOOL_ALLOC(pool, obj, n);
}

static inline void valgrind_put(const void *pool, const void *obj)
{
    VALGRIND_MEMPOOL_FREE(pool, obj);
}
#else
static inline bool valgrind_defined(const void *address, size_t n)
{
    (void)address, (void)n;
    return false;
}

static inline void valgrind_noaccess(const void *address, size_t n)
{
    (void)address, (void)n;
}

static inline void valgrind_pool(const void *pool, bool made)
{
    (void)pool, (void)made;
}

static inline void valgrind_got(const void *pool, const void *obj, size_t n)
{
    (void)pool, (void)obj, (void)n;
}

static inline void valgrind_put(const void *pool, const void *obj)
{
    (void)pool, (void)obj;
}
#endif

/* ---- which there is ---- */

/* The text is the word `off` and no other; NULL is none. See words.c. */
bool words_say_off(const char *text);

/*
 * A tool is there, and is to be told: every pond is then watched from its creation. POND_DEBUG=off asks that
 * nothing be told.
 */
static inline bool tools_present(void)
{
    const char *words = getenv("POND_DEBUG");
    char probe = 0;
    if (words_say_off(words))
        return false;
    if (__asan_poison_memory_region != NULL || __tsan_acquire != NULL)
        return true;
    return valgrind_defined(&probe, sizeof probe);
}

/* AddressSanitizer knows eight bytes as a whole, of which only the last ones may be out of bounds. */
#define TOOLS_GRANULE ((size_t)8)
#define TOOLS_REDZONE ((size_t)16)

/*
 * Bytes of room behind an object of that size, for watch_layout when a tool is present: no two objects then
 * share a granule, and the tool sees an overflow into a live neighbour. The room in front, if any, must be a
 * multiple of TOOLS_GRANULE.
 */
static inline size_t tools_room(size_t size)
{
    return (-size & (TOOLS_GRANULE - 1)) + TOOLS_REDZONE;
}

/* ---- bytes ---- */

/* A granule that the object ends in goes too, for what is behind the object is forbidden already. */
static inline void tools_forbid(const void *address, size_t n)
{
    if (n == 0)
        return;
    if (__asan_poison_memory_region != NULL)
        __asan_poison_memory_region(address, n);
    valgrind_noaccess(address, n);
}

static inline void tools_allow(const void *address, size_t n)
{
    if (n == 0)
        return;
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(address, n);
    (void)valgrind_defined(address, n);
}

static inline void tools_acquire(void *obj)
{
    if (__tsan_acquire != NULL)
        __tsan_acquire(obj);
}

static inline void tools_release(void *obj)
{
    if (__tsan_release != NULL)
        __tsan_release(obj);
}

/* ---- ponds ---- */

/* Before its first object is got, and after its last one has ended. */
static inline void tools_pond_created(const pond *p)
{
    valgrind_pool(p, true);
}

static inline void tools_pond_ended(const pond *p)
{
    valgrind_pool(p, false);
}

/*
 * The process exits: from the handler of atexit, for each slab (or other memory of objects), live or idle.
 * The searches for leaks, which come later, then find what objects own, such as the buffers of idle ones.
 */
static inline void tools_exiting(const void *memory, size_t n)
{
    tools_allow(memory, n);
    if (__lsan_register_root_region != NULL)
        __lsan_register_root_region(memory, n);
}

/* ---- objects ---- */

/* The library looks at an object, or lets a hook: what the last one who had it did comes before. */
static inline void tools_open(void *obj, size_t size)
{
    tools_acquire(obj);
    tools_allow(obj, size);
}

static inline void tools_close(void *obj, size_t size)
{
    tools_forbid(obj, size);
    tools_release(obj);
}

/* n bytes in front of or behind an object. With open and close around the library's own look at them. */
static inline void tools_redzone(const void *address, size_t n)
{
    tools_forbid(address, n);
}

static inline void tools_redzone_open(const void *address, size_t n)
{
    tools_allow(address, n);
}

static inline void tools_got(const pond *p, void *obj, size_t size)
{
    if (size > 0)
        valgrind_got(p, obj, size); /* undefined; but what it holds was constructed or kept */
    tools_open(obj, size);
}

static inline void tools_put(const pond *p, void *obj, size_t size)
{
    if (size > 0)
        valgrind_put(p, obj);
    tools_close(obj, size);
}

/* A closed object (never a live one) is about to end; [memory, memory + n) is its stride, room included. */
static inline void tools_ended(void *obj, const void *memory, size_t n)
{
    tools_acquire(obj);
    tools_allow(memory, n);
}

#endif
