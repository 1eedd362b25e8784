/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory as the owner's processor shows it to others. What the owner stores lies in a buffer first; the
 * closer stores at once.
 *
 * TSO: the buffer is a queue. Weak: a store may pass those before it, unless it is a release or goes to the
 * same address; and the owner's load of a bound of the line may be early, until something orders it.
 *
 * When a store leaves the buffer matters only to what the closer finds. So nothing leaves it by itself: the
 * closer, before it uses an address, lets any number of the stores to this address leave (with those that
 * have to go before them). The same holds for early loads: the value that one may still have is the one from
 * before the closer's store.
 *
 * The buffer holds twelve stores, of one operation or two: one more, and the oldest
 * leaves it.
 *
 * All here but `late` and `late_all` runs within a d_step, as one step with the load or the atomic
 * instruction beside it.
 */

/* Addresses; 0 is none. */
#define TOP 1
#define BASE 2
#define LIMIT 3
#define BUSY 4
#define OPEN 5
#define TAKEN 6
#define USED 7
#define MISSED 8
#define ACTIVE 9
#define LOADED 10
#define PREVIOUS 11
#define PREVIOUS_COUNT 12
#define COUNT(m) (12 + (m))
#define STAMP(m) (12 + MAGAZINES + (m))
#define SLOT(m, i) (13 + 2 * MAGAZINES + ((m) - 1) * ROOM + (i))
#define ADDRESSES (13 + 2 * MAGAZINES + MAGAZINES * ROOM)

/* Values of top, base and limit. */
#define PLACE(m, i) ((m) * 8 + (i) * 2)
#define MAGAZINE_OF(top) ((top) / 8)
#define INDEX_OF(top) (((top) % 8) / 2)
#define UNMARKED(top) ((top) & 254)
#define CLOSED 255 /* a base */

#define BUFFER 12
byte mem[ADDRESSES];
byte to[BUFFER], what[BUFFER]; /* the oldest first */
bool release[BUFFER];
byte buffered;
bool early; /* the owner has read the bounds already */
byte early_base, early_limit, early_epoch;
byte putting; /* the object of a slow put that is under way */
byte k_, i_; /* scratch: 0 outside of a step */

#define HAS(address) \
    (to[0] == address || to[1] == address || to[2] == address || to[3] == address || to[4] == address || \
     to[5] == address || to[6] == address || to[7] == address || to[8] == address || to[9] == address || \
     to[10] == address || to[11] == address)

inline forget_early()
{
    early = false;
    early_base = 0;
    early_limit = 0;
    early_epoch = 0
}

/* The store at index k_ leaves the buffer. */
inline leave_buffer()
{
    mem[to[k_]] = what[k_];
    do
    :: k_ + 1 < buffered ->
        to[k_] = to[k_ + 1];
        what[k_] = what[k_ + 1];
        release[k_] = release[k_ + 1];
        k_++
    :: else -> break
    od;
    buffered--;
    to[buffered] = 0;
    what[buffered] = 0;
    release[buffered] = false;
    k_ = 0
}

/* A full fence of the owner. */
inline fence()
{
    do
    :: buffered > 0 -> leave_buffer()
    :: else -> break
    od;
    forget_early()
}

inline store_as(address, value, releases)
{
    if
    :: buffered == BUFFER -> leave_buffer()
    :: else
    fi;
    to[buffered] = address;
    what[buffered] = value;
    release[buffered] = releases;
    buffered++;
    if
    :: address == BASE || address == LIMIT -> forget_early()
    :: else
    fi
}

#define store(address, value) store_as(address, value, false)
#define store_release(address, value) store_as(address, value, true)

inline load(address, value)
{
    value = mem[address];
    i_ = 0;
    do
    :: i_ < buffered && to[i_] == address ->
        value = what[i_];
        i_++
    :: i_ < buffered && to[i_] != address -> i_++
    :: else -> break
    od;
    i_ = 0
}

/* Sequentially consistent. On ARM such a load waits for such stores before it, and these for all stores. */
inline store_consistent(address, value)
{
    store_as(address, value, true);
    if
    :: !weak -> fence()
    :: else
    fi
}

inline load_consistent(address, value)
{
    i_ = (weak -> buffered : 0);
    do
    :: i_ > 0 && !release[i_ - 1] -> i_--
    :: else -> break
    od;
    do
    :: i_ > 0 ->
        leave_buffer();
        i_--
    :: else -> break
    od;
    load(address, value);
    forget_early()
}

/* A sequentially consistent fetch-and-or: what was stored before it has left the buffer. */
inline set_bit(address)
{
    fence();
    mem[address] = 1
}

/* A compare-and-swap that takes something off a stack. */
inline acquire_and_swap()
{
    if
    :: weak -> forget_early()
    :: else -> fence()
    fi
}

/* The fast path's load of a bound. */
inline load_bound(address, value)
{
    if
    :: early && address == BASE -> value = early_base
    :: early && address == LIMIT -> value = early_limit
    :: else -> load(address, value)
    fi;
    if
    :: early -> began = early_epoch
    :: else
    fi;
    forget_early()
}

/* ---- by the closer ---- */

/* Before each use of an address: the owner's stores to it leave the buffer now, or later. */
inline late(address)
{
    do
    :: d_step {
        HAS(address) ->
        do
        :: to[k_] != address -> k_++
        :: else -> break
        od;
        i_ = (weak && !release[k_] -> 0 : k_);
        if
        :: i_ > 0 ->
            k_ = 0;
            i_++;
            do
            :: i_ > 0 ->
                leave_buffer();
                i_--
            :: else -> break
            od
        :: else -> leave_buffer()
        fi;
        i_ = 0
       }
    :: break
    od
}

/* What a forked child finds: the oldest stores, and under a weak memory some that passed others. */
inline late_all()
{
    if
    :: weak ->
        late(TOP);
        late(LOADED);
        late(PREVIOUS);
        late(PREVIOUS_COUNT);
        late(BUSY)
    :: else
    fi;
    do
    :: d_step { buffered > 0 -> leave_buffer() }
    :: break
    od
}

/* Before the closer stores to a bound: the owner has read the old one, perhaps. */
inline maybe_early()
{
    if
    :: d_step {
        weak && !early && !HAS(BASE) && !HAS(LIMIT) ->
        early = true;
        early_base = mem[BASE];
        early_limit = mem[LIMIT];
        early_epoch = epoch
       }
    :: true
    fi
}
