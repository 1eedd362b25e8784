/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of how a thread keeps its cache to itself and how another takes it over: include/pond/inline.h and
 * src/gate.c, with the magazines of src/cache.c and src/depot.c. README.md leads through it.
 *
 * How many magazines and objects there are is compiled in: -DMAGAZINES -DOBJECTS -DROOM. All else comes from
 * the environment, so that one program runs many instances.
 */
#ifndef MAGAZINES
#define MAGAZINES 3
#endif
#ifndef OBJECTS
#define OBJECTS 2
#endif
#ifndef ROOM /* of a magazine */
#define ROOM 1
#endif
#define FIRST_EPOCH 3

c_decl {
    extern char *getenv(const char *);

    /* What the environment says of the instance. */
    static int given(const char *name)
    {
        const char *value = getenv(name);
        return value == 0 ? 0 : atoi(value);
    }
}

/* ---- the instance: constant after the first step ---- */

hidden byte rounds;        /* closings */
hidden byte operations;    /* gets and puts of the owner */
hidden byte weak;          /* the memory is, instead of TSO */
hidden byte has_previous;  /* cache_objects is not 1 */
hidden byte no_membarrier; /* the kernel has none: fenced from the start */
hidden byte refusable;     /* the barrier may be refused, from some closing on */
hidden byte other_pond;    /* the owner is now and then in pond B, which is closed, too */
hidden byte forks;         /* the closer forks, too, and is the child from then on */
hidden byte watched;       /* checks look at every operation: no line opens */
hidden byte gets_many;     /* pond_get_many is called, too */
hidden byte discards;      /* what the owner got may go at once: pond_discard */
hidden byte limited;       /* the closer's gets gather, and are refused while the pond is starved */
hidden byte stops;         /* the owner stops, for good, at some moment */
hidden byte checks_late;   /* that nothing lies in the stack of a younger age, which is not promised */
hidden byte bug;           /* what is built in to be found: one of these */

/* README.md says what each is. */
#define NO_BARRIER 1
#define CLOSER_OPENS 2
#define NO_RECHECK 3
#define RELAXED_BASE 4
#define NO_WAIT_TOP 5
#define NO_WAIT_BUSY 6
#define KEEP_LIMIT 7
#define FREE_RELAXED 8
#define MISSED_UNSEEN 9
#define RELAXED_BUSY_FENCED 10
#define TWO_EPOCHS 11
#define BARRIER_IGNORED 12
#define FORK_DRAINS_BUSY 13
#define LOSE_PREVIOUS 14
#define WAIT_ENDLESS 15
#define UNTOLD_TRUSTED 16
#define STARVED_CACHES 17
#define STARVED_LOOKED_AT_EARLY 18
#define NO_SECOND_LOOK 19
#define NO_LAST_LOOK 20
#define ACTIVE_UNSEEN 21

inline read_instance()
{
    c_code {
        rounds = given("ROUNDS");
        operations = given("OPERATIONS");
        weak = given("WEAK");
        has_previous = !given("ONE_MAGAZINE");
        no_membarrier = given("NO_MEMBARRIER");
        refusable = given("REFUSABLE");
        other_pond = given("OTHER_POND");
        forks = given("FORKS");
        watched = given("WATCHED");
        gets_many = given("GETS_MANY");
        discards = given("DISCARDS");
        limited = given("LIMITED");
        stops = given("STOPS");
        checks_late = given("CHECKS_LATE");
        bug = given("BUG");
    }
}

#include "memory.pml"
#include "depot.pml"
#include "cache.pml"
#include "owner.pml"
#include "closer.pml"

proctype stopper()
{
    stopped = true
}

/* When nothing goes on any more. */
proctype judge()
{
    timeout ->
    d_step {
        assert(closer_done || closer_stuck);
        assert(owner_done || stopped || child || owner_stuck);
        if
        :: child -> all_in_one_place_at_most()
        :: owner_done && !child -> all_in_one_place()
        :: else
        fi
    }
}

inline at_first(m, object, stamp)
{
    mem[SLOT(m, 0)] = object;
    mem[COUNT(m)] = 1;
    mem[STAMP(m)] = stamp;
    put_at[object] = stamp
}

/*
 * Objects 1 and 2 are idle, in the owner's cache or the depot, put in this epoch or the one before. Object 3
 * is the owner's, or in the depot, or not made yet.
 */
init
{
    byte stamp, m;
    atomic {
        read_instance();
        epoch = FIRST_EPOCH;
        mem[BASE] = CLOSED;
        mem[OPEN] = 1;
        knows = true;
        fenced = no_membarrier;
        m = 3;
        do
        :: m <= MAGAZINES ->
            where[m] = EMPTIES;
            m++
        :: else -> break
        od;
        if
        :: stamp = FIRST_EPOCH
        :: stamp = FIRST_EPOCH - 1
        fi;
        if
        :: limited -> /* so that one thread can have the last one */
            hands[2] = LIVE_FOR_EVER;
            where[2] = EMPTIES
        :: !limited ->
            at_first(2, 2, FIRST_EPOCH - 1);
            where[2] = STACK(FIRST_EPOCH - 1)
        :: !limited && has_previous ->
            at_first(2, 2, stamp);
            mem[PREVIOUS] = 2;
            mem[PREVIOUS_COUNT] = 1
        fi;
        at_first(1, 1, stamp);
        if
        :: mem[LOADED] = 1;
            mem[TOP] = PLACE(1, 1);
            if
            :: !fenced && !watched ->
                mem[BASE] = PLACE(1, 0);
                mem[LIMIT] = (stamp == epoch -> PLACE(1, ROOM) : 0)
            :: else
            fi
        :: where[1] = STACK(stamp)
        fi;
#if OBJECTS > 2
        if
        :: hands[3] = DROPPED;
            run owner(0)
        :: at_first(3, 3, FIRST_EPOCH);
            where[3] = STACK(FIRST_EPOCH);
            run owner(0)
        :: hands[3] = OWNER;
            run owner(3)
        fi;
#else
        run owner(0);
#endif
        mem[USED] = mem[LOADED] != 0 || mem[PREVIOUS] != 0;
        mem[ACTIVE] = mem[USED];
        stamp = 0;
        m = 0;
        run closer();
        run judge();
        if
        :: stops -> run stopper()
        :: else
        fi
    }
}
