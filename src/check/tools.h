/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What AddressSanitizer, LeakSanitizer, MemorySanitizer, ThreadSanitizer and Valgrind's memcheck are told of
 * objects, so that a pond hides no bug from them: an idle object is as freed memory is. None of them is
 * needed to build the library, nor need the library be built with one (but for MemorySanitizer, which wants
 * all of a program built with it): it asks at run time which one the program brought along.
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
 *
 * Searches for leaks, at exit or at any other moment. What malloc gave is no leak when the program's memory
 * has a pointer to it. A search takes for the program's memory:
 *
 *     slabs, guard slots  what live objects own is found
 *     annexes of slabs    what idle objects own is found: no search reads what is closed, so bytes_shelve
 *                         keeps a copy of an idle object in its record; no other pointer is there
 *     magazines           what create made is found while it is idle
 *     ponds               what the hooks' ctx points to is found
 *
 * Valgrind takes all mapped memory for it, LeakSanitizer only what it is told of: tools_mapped. So that
 * nothing there keeps alive what is lost, the library wipes what it no longer means: slots of magazines after
 * a get, copies of objects that are idle no more, objects after their destroy hook. A live object that the
 * program has lost is a leak to Valgrind, which knows objects as blocks; to LeakSanitizer it is not, nor is
 * what it owns: the word `leak` reports it.
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
void __lsan_unregister_root_region(const void *address, size_t n) TOOLS_WEAK;
void __msan_poison(const volatile void *address, size_t n) TOOLS_WEAK;
void __msan_unpoison(const volatile void *address, size_t n) TOOLS_WEAK;
void __tsan_acquire(void *address) TOOLS_WEAK;
void __tsan_release(void *address) TOOLS_WEAK;
void __sanitizer_start_switch_fiber(void **frames, const void *bottom, size_t n) TOOLS_WEAK;
void __sanitizer_finish_switch_fiber(void *frames, const void **bottom, size_t *n) TOOLS_WEAK;

/* Valgrind's words as functions, which do nothing where its header was missing or knows no such processor. */
#if defined(VALGRIND_MAKE_MEM_DEFINED) && !defined(NVALGRIND)
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

static inline unsigned valgrind_stack(const char *stack, size_t n)
{
    return (unsigned)VALGRIND_STACK_REGISTER(stack, stack + n);
}

static inline void valgrind_stack_ended(unsigned number)
{
    VALGRIND_STACK_DEREGISTER(number);
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

static inline unsigned valgrind_stack(const char *stack, size_t n)
{
    (void)stack, (void)n;
    return 0;
}

static inline void valgrind_stack_ended(unsigned number)
{
    (void)number;
}
#endif

/* ---- which there is ---- */

/* The text is the word `off` and no other; NULL is none. See words.c. */
bool words_say_off(const char *text);

/*
 * A tool is there, and is to be told of objects: every pond is then watched from its creation. POND_DEBUG=off
 * asks that nothing be told of them. Asked once, before the first object.
 */
static inline bool tools_present(void)
{
    char probe = 0;
    if (words_say_off(getenv("POND_DEBUG")))
        return false;
    if (__asan_poison_memory_region != NULL || __lsan_register_root_region != NULL || __msan_poison != NULL ||
        __tsan_acquire != NULL)
        return true;
    return valgrind_defined(&probe, sizeof probe);
}

/* Where a tool is present: it searches for leaks. The other two see only a library that copies for nobody. */
static inline bool tools_search(void)
{
    return __tsan_acquire == NULL && __msan_poison == NULL;
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
    if (__msan_poison != NULL)
        __msan_poison(address, n);
    valgrind_noaccess(address, n);
}

static inline void tools_allow(const void *address, size_t n)
{
    if (n == 0)
        return;
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(address, n);
    if (__msan_unpoison != NULL)
        __msan_unpoison(address, n);
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

/* ---- stacks of the library's own ---- */

/*
 * A thread goes over to another stack, and comes back, by a call and its return: ThreadSanitizer, which keeps
 * calls and not addresses, need not know. AddressSanitizer wants to be told before and after each way.
 * `frames` is what it keeps of the stack that is left; NULL: nothing, the stack is done with.
 */
struct tools_stack {
    const void *bottom;
    size_t n;
};

static inline void tools_stack_left(const struct tools_stack *to, void **frames)
{
    if (__sanitizer_start_switch_fiber != NULL)
        __sanitizer_start_switch_fiber(frames, to->bottom, to->n);
}

/* *from is the stack that was left, unless it is NULL. */
static inline void tools_stack_entered(struct tools_stack *from, void *frames)
{
    if (__sanitizer_finish_switch_fiber != NULL)
        __sanitizer_finish_switch_fiber(frames, from != NULL ? &from->bottom : NULL,
                                        from != NULL ? &from->n : NULL);
}

/* Valgrind's number for it. */
static inline unsigned tools_stack_made(const char *stack, size_t n)
{
    return valgrind_stack(stack, n);
}

static inline void tools_stack_ended(unsigned number)
{
    valgrind_stack_ended(number);
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
 * Memory whose pointers count in a search for leaks, for exactly as long as it is mapped. LeakSanitizer skips
 * what of it is not readable. Told whatever POND_DEBUG says: it costs a get and put nothing.
 */
static inline void tools_mapped(const void *memory, size_t n)
{
    if (__lsan_register_root_region != NULL)
        __lsan_register_root_region(memory, n);
}

static inline void tools_unmapped(const void *memory, size_t n)
{
    if (__lsan_unregister_root_region != NULL)
        __lsan_unregister_root_region(memory, n);
}

/* They are zero, and defined: the kernel has taken pages back, or a wipe has gone by. Told always, too. */
static inline void tools_zeroed(const void *memory, size_t n)
{
    if (__msan_unpoison != NULL)
        __msan_unpoison(memory, n);
}

/* ---- objects ---- */

/* The library looks at an object, or lets a hook: what its last owner did comes before. */
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

/* After its destroy hook: what it pointed to is lost unless it was freed, and its bytes are nobody's. */
static inline void tools_wipe(void *memory, size_t n)
{
    memset(memory, 0, n);
    tools_zeroed(memory, n);
}

#endif
