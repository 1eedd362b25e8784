/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner's cache beyond the fast path: two magazines, exchanged with the depot (src/cache.c). `at` is the
 * epoch that the operation began with: it has no other.
 */

/* take: the last object of the loaded magazine m, whose top is `top`. */
inline take_top()
{
    assert(INDEX_OF(top) > 0 || wild_pointer);
    load(SLOT(m, INDEX_OF(top) - 1), held);
    take(held, OWNER);
    store(TOP, top - 2)
}

inline put_in()
{
    store(SLOT(m, INDEX_OF(top)), held);
    give(held, began);
    held = 0;
    store_release(TOP, top + 2)
}

/* unload: m is not loaded any more, and count is what it has. */
inline unload()
{
    if
    :: m != 0 ->
        count = INDEX_OF(top);
        store(COUNT(m), count);
        store(LOADED, 0)
    :: else -> count = 0
    fi
}

inline set_previous(magazine, n)
{
    store(PREVIOUS, magazine);
    store(PREVIOUS_COUNT, n)
}

/* load_magazine is `load` of cache.c. An empty magazine is stamped with the operation's epoch. */
inline load_magazine(magazine, at)
{
    m = magazine;
    load(COUNT(m), count);
    if
    :: count == 0 -> store(STAMP(m), at)
    :: else
    fi;
    top = PLACE(m, count);
    store(TOP, top);
    store(LOADED, m)
}

inline swap(at)
{
    unload();
    set_previous(m, count);
    load_magazine(previous, at)
}

/* What cache_get and cache_put begin with. */
inline look_at_cache()
{
    at = epoch;
    load(LOADED, m);
    load(TOP, top);
    load(PREVIOUS, previous);
    load(PREVIOUS_COUNT, previous_count)
}

/* keep_empty: `new` was popped, the loaded magazine is empty and becomes the previous one. */
inline keep_empty()
{
    if
    :: m != 0 && (!has_previous || previous != 0) ->
        d_step {
            unload();
            fence();
            if
            :: has_previous -> depot_give(previous, at)
            :: else -> depot_give(m, at)
            fi
        }
    :: m != 0 && has_previous && previous == 0 -> d_step { unload() }
    :: else
    fi;
    if
    :: m != 0 && has_previous -> d_step { set_previous(m, 0) }
    :: else
    fi
}

/* cache_get */
inline cache_get()
{
    d_step {
        look_at_cache();
        if
        :: m != 0 && INDEX_OF(top) > 0 -> take_top()
        :: (m == 0 || INDEX_OF(top) == 0) && previous_count > 0 ->
            swap(at);
            take_top()
        :: else
        fi
    };
    if
    :: held == 0 ->
        d_step {
            acquire_and_swap();
            depot_pop(new, at)
        };
        if
        :: new != 0 ->
            keep_empty();
            d_step {
                load_magazine(new, at);
                take_top();
                new = 0
            }
        :: else
        fi
    :: else
    fi
}

/* load_empty: the loaded magazine takes no puts and becomes the previous one, which goes to the depot. */
inline load_empty()
{
    if
    :: m != 0 && (!has_previous || previous != 0) ->
        d_step {
            unload();
            fence();
            if
            :: has_previous && bug == LOSE_PREVIOUS -> skip
            :: has_previous && bug != LOSE_PREVIOUS -> depot_give(previous, at)
            :: !has_previous && bug == TWO_EPOCHS -> depot_push(m, at)
            :: else -> depot_give(m, at)
            fi
        }
    :: m != 0 && has_previous && previous == 0 -> d_step { unload() }
    :: else
    fi;
    d_step {
        if
        :: m != 0 && has_previous -> set_previous(m, count)
        :: else
        fi;
        load_magazine(new, at);
        put_in();
        new = 0
    }
}

#define HAS_ROOM(stamp, at) (m != 0 && INDEX_OF(top) < ROOM && stamp == at)

/* cache_put, with make_room. held stays: there is no empty magazine. */
inline cache_put()
{
    d_step {
        look_at_cache();
        load(STAMP(m), x);
        if
        :: m != 0 && INDEX_OF(top) == 0 && x != at ->
            unload();
            load_magazine(m, at);
            x = at
        :: else
        fi;
        room_at = at
    };
    d_step {
        if
        :: bug == TWO_EPOCHS -> room_at = epoch
        :: else
        fi;
        if
        :: previous != 0 -> load(STAMP(previous), y)
        :: else -> y = 0
        fi;
        if
        :: HAS_ROOM(x, room_at) -> put_in()
        :: !HAS_ROOM(x, room_at) && previous != 0 &&
                (previous_count == 0 || (previous_count < ROOM && y == at)) ->
            swap(at);
            put_in()
        :: else
        fi
    };
    if
    :: held != 0 ->
        d_step {
            acquire_and_swap();
            pop(EMPTIES, new)
        };
        if
        :: new != 0 -> load_empty()
        :: else
        fi
    :: else
    fi
}
