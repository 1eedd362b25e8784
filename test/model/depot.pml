/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The depot (src/depot.c), the shared way (src/shared.c), and what is known of each object and magazine
 * beside what the program knows: so that it can be checked.
 *
 * Which magazine of a stack is popped does not matter: it is the one with the lowest number. All here runs
 * within a d_step; who pushes has a fence before.
 */

/* ---- what is checked: a failed assertion names one of these, all of which are false ---- */

hidden byte two_in_cache, object_in_two_hands, object_lost, wild_pointer, dropped_early, kept_too_long;
hidden byte magazine_in_two_stacks, magazine_lost, empty_among_full;
hidden byte closer_stuck, owner_stuck, refused_wrongly, unseen_in_cache;

/* ---- objects ---- */

#define IDLE 0
#define OWNER 1
#define CLOSER 2
#define DROPPED 3
#define LIVE_FOR_EVER 4 /* in a child: the parent's other thread has it */

byte hands[OBJECTS + 1]; /* whose an object is */
byte put_at[OBJECTS + 1]; /* the epoch in which its put began */
byte epoch;
byte o_, m_, n_, w_; /* scratch */

/* At max_objects: a get is under way, and at some moment since it began no object was idle. */
bool refusing, was_none_idle;

/* shared_starve: puts that go by the shared way yet. Changed under the pond's lock. */
#define STARVED_PUTS 2
byte starved;

#define IS_IDLE(object) (hands[object] == IDLE && object != putting)
#if OBJECTS > 2
#define IS_NONE_IDLE (!IS_IDLE(1) && !IS_IDLE(2) && !IS_IDLE(3))
#else
#define IS_NONE_IDLE (!IS_IDLE(1) && !IS_IDLE(2))
#endif

/* The same as the counts have it: a put that is under way has made its object idle, or has not. */
#if OBJECTS > 2
#define IS_NOWHERE_IDLE (hands[1] != IDLE && hands[2] != IDLE && hands[3] != IDLE)
#else
#define IS_NOWHERE_IDLE (hands[1] != IDLE && hands[2] != IDLE)
#endif

inline take(object, whose)
{
    assert((object != 0 && hands[object] == IDLE) || object_in_two_hands);
    hands[object] = whose;
    put_at[object] = 0;
    was_none_idle = was_none_idle || (refusing && IS_NONE_IDLE)
}

inline give(object, at)
{
    hands[object] = IDLE;
    put_at[object] = at
}

inline drop(object)
{
    hands[object] = DROPPED;
    put_at[object] = 0
}

/* ---- stacks ---- */

#define NOWHERE 0
#define STACK(of_epoch) (1 + (of_epoch) % 3)
#define OVERDUE 4
#define EMPTIES 5

byte where[MAGAZINES + 1];
byte shared, dropping; /* magazines of the pond, or 0 */

inline pop(stack, m)
{
    m = 1;
    do
    :: m <= MAGAZINES && where[m] != stack -> m++
    :: m <= MAGAZINES && where[m] == stack ->
        where[m] = NOWHERE;
        break
    :: else ->
        m = 0;
        break
    od
}

/* What lies above the count means nothing: states that differ in it alone are one. */
inline push(stack, m)
{
    assert(where[m] == NOWHERE || magazine_in_two_stacks);
    where[m] = stack;
    n_ = mem[COUNT(m)];
    assert(n_ <= ROOM || wild_pointer);
    do
    :: n_ < ROOM ->
        mem[SLOT(m, n_)] = 0;
        n_++
    :: else -> break
    od;
    n_ = 0
}

inline depot_push_empty(m)
{
    mem[COUNT(m)] = 0;
    mem[STAMP(m)] = 0;
    push(EMPTIES, m)
}

inline depot_push(m, at)
{
    assert(mem[COUNT(m)] > 0 || empty_among_full);
    if
    :: mem[STAMP(m)] + 2 >= at -> push(STACK(mem[STAMP(m)]), m)
    :: else -> push(OVERDUE, m)
    fi
}

/* The one function by which a magazine comes back: its count says where it goes. */
inline depot_give(m, at)
{
    if
    :: mem[COUNT(m)] == 0 -> depot_push_empty(m)
    :: else -> depot_push(m, at)
    fi
}

inline depot_pop_due(m, at)
{
    pop(OVERDUE, m);
    if
    :: m == 0 -> pop(STACK(at + 1), m)
    :: else
    fi
}

inline depot_pop(m, at)
{
    pop(STACK(at), m);
    if
    :: m == 0 -> pop(STACK(at + 2), m)
    :: else
    fi;
    if
    :: m == 0 -> depot_pop_due(m, at)
    :: else
    fi
}

/* ---- the shared way: one step, for it is under the pond's lock ---- */

bool pond_lock; /* of more than one step; only with the registry's */

/* The last object of magazine m, which has one. */
inline take_last(m, whose, object)
{
    mem[COUNT(m)] = mem[COUNT(m)] - 1;
    object = mem[SLOT(m, mem[COUNT(m)])];
    mem[SLOT(m, mem[COUNT(m)])] = 0;
    take(object, whose)
}

/* shared_get, get_loose_or_new. object 0: all there may be are live, or in another cache. */
inline shared_get(whose, object)
{
    depot_pop(m_, epoch);
    if
    :: m_ != 0 ->
        take_last(m_, whose, object);
        depot_give(m_, epoch)
    :: m_ == 0 && shared != 0 && mem[COUNT(shared)] > 0 -> take_last(shared, whose, object)
    :: m_ == 0 && !(shared != 0 && mem[COUNT(shared)] > 0) && dropping != 0 && mem[COUNT(dropping)] > 0 ->
        take_last(dropping, whose, object)
    :: else ->
        o_ = 1;
        do
        :: o_ <= OBJECTS && hands[o_] == DROPPED ->
            hands[o_] = whose;
            object = o_;
            break
        :: o_ <= OBJECTS && hands[o_] != DROPPED -> o_++
        :: else -> break
        od;
        o_ = 0
    fi;
    m_ = 0
}

inline shared_drain()
{
    if
    :: shared != 0 -> depot_give(shared, epoch)
    :: else
    fi;
    shared = 0
}

inline shared_put(object, at)
{
    if
    :: shared != 0 && mem[COUNT(shared)] < ROOM -> skip
    :: else ->
        pop(EMPTIES, m_);
        if
        :: m_ != 0 ->
            shared_drain();
            shared = m_;
            mem[STAMP(shared)] = epoch
        :: else
        fi;
        m_ = 0
    fi;
    if
    :: shared != 0 && mem[COUNT(shared)] < ROOM ->
        mem[SLOT(shared, mem[COUNT(shared)])] = object;
        mem[COUNT(shared)] = mem[COUNT(shared)] + 1;
        give(object, at)
    :: else -> drop(object)
    fi;
    if
    :: starved > 0 -> starved--
    :: else
    fi;
    object = 0
}

/* ---- the count of all: nobody is on the way between two places ---- */

byte places[OBJECTS + 1];

/* The objects of magazine m, which has n of them. */
inline count_magazine(m, n)
{
    w_ = 0;
    assert((n) <= ROOM || wild_pointer);
    do
    :: w_ < n ->
        o_ = mem[SLOT(m, w_)];
        assert(o_ != 0 || wild_pointer);
        places[o_]++;
        assert(put_at[o_] <= mem[STAMP(m)] || dropped_early);
        w_++
    :: else -> break
    od;
    w_ = 0;
    o_ = 0
}

inline count_depot()
{
    m_ = 1;
    do
    :: m_ <= MAGAZINES ->
        if
        :: where[m_] != NOWHERE || m_ == shared || m_ == dropping ->
            count_magazine(m_, mem[COUNT(m_)]);
            found_magazines++;
            assert(where[m_] == NOWHERE || where[m_] == EMPTIES || mem[COUNT(m_)] > 0 || empty_among_full);
            assert(!checks_late || where[m_] == NOWHERE || where[m_] >= OVERDUE ||
                   mem[STAMP(m_)] + 2 >= epoch || kept_too_long);
            assert(where[m_] == NOWHERE || (m_ != shared && m_ != dropping) || magazine_in_two_stacks)
        :: else
        fi;
        m_++
    :: else -> break
    od;
    m_ = 0
}

inline count_cache()
{
    m_ = mem[LOADED];
    if
    :: m_ != 0 ->
        count_magazine(m_, (UNMARKED(mem[TOP]) - PLACE(m_, 0)) / 2);
        found_magazines++;
        assert(where[m_] == NOWHERE || magazine_in_two_stacks)
    :: else
    fi;
    m_ = mem[PREVIOUS];
    if
    :: m_ != 0 ->
        count_magazine(m_, mem[PREVIOUS_COUNT]);
        found_magazines++;
        assert((where[m_] == NOWHERE && m_ != mem[LOADED]) || magazine_in_two_stacks)
    :: else
    fi;
    m_ = 0
}

byte found_magazines;

/* Each idle object is in one place, and each magazine. */
inline all_in_one_place()
{
    count_depot();
    count_cache();
    assert(found_magazines == MAGAZINES || magazine_lost);
    found_magazines = 0;
    o_ = 1;
    do
    :: o_ <= OBJECTS ->
        assert(places[o_] <= 1 || object_in_two_hands);
        assert(places[o_] == 0 || hands[o_] == IDLE || object_in_two_hands);
        assert(places[o_] == 1 || hands[o_] != IDLE || object_lost);
        places[o_] = 0;
        o_++
    :: else -> break
    od;
    o_ = 0
}

/* In a child: what is in no place is live for ever. An object's age is that of its magazine. */
inline all_in_one_place_at_most()
{
    o_ = 1;
    do
    :: o_ <= OBJECTS ->
        put_at[o_] = 0;
        o_++
    :: else -> break
    od;
    count_depot();
    found_magazines = 0;
    o_ = 1;
    do
    :: o_ <= OBJECTS ->
        assert(places[o_] <= 1 || object_in_two_hands);
        assert(places[o_] == 0 || hands[o_] != CLOSER || object_in_two_hands);
        if
        :: places[o_] == 1 -> hands[o_] = IDLE
        :: places[o_] == 0 && hands[o_] != CLOSER && hands[o_] != DROPPED -> hands[o_] = LIVE_FOR_EVER
        :: else
        fi;
        places[o_] = 0;
        o_++
    :: else -> break
    od;
    o_ = 0
}
