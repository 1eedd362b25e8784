/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner: a thread with a cache in pond A. It gets and puts; with OTHER_POND it is sometimes inside its
 * cache in another pond, which is not modelled further.
 *
 * A step, d_step, has at most one load of what others store meanwhile: the stores in it may leave the buffer
 * at any time later, so that others act between them, too.
 */

/* Ponds; busy is the number of one. */
#define ALL 0 /* a tick closes all of them */
#define A 1
#define B 2

bool owner_in;   /* it uses what is in its cache */
bool closer_in;  /* so does the closer */
bool owner_done;
bool stopped;    /* it takes no more steps */
bool child;      /* all is what a forked child has: this thread does not exist */
bool fenced;     /* there is no barrier (any more): lines do not open, and busy is followed by a fence */
bool knows;      /* the owner has come by under the registry's lock since fenced was set */
bool registry_lock;

/* Closers look at used caches alone, and ticks come to active ponds alone. */
inline use_cache()
{
    assert(!closer_in || two_in_cache);
    assert((mem[USED] == 1 && mem[ACTIVE] == 1) || unseen_in_cache);
    owner_in = true
}

/* ---- gate.c, the owner's part ---- */

/* line_unmark */
inline unmark()
{
    load(TOP, top);
    store_release(TOP, UNMARKED(top))
}

inline say_free()
{
    if
    :: bug == FREE_RELAXED -> store(BUSY, 0)
    :: else -> store_release(BUSY, 0)
    fi
}

/* say_busy: the number of the pond. Plain stores wait in the buffer for the load that follows. */
inline say_busy(pond)
{
    if
    :: d_step {
        fenced && bug != RELAXED_BUSY_FENCED ->
        store_consistent(BUSY, pond);
        fence()
       }
    :: d_step { !fenced || bug == RELAXED_BUSY_FENCED -> store(BUSY, pond) }
    fi
}

/* may_enter, of pond A: open. The slot's own gate is closed by a refused barrier alone. */
inline may_enter()
{
    if
    :: d_step {
        refusable ->
        load_consistent(OPEN, open)
       }
    :: d_step {
        !refusable ->
        open = 1
       }
    fi;
    if
    :: d_step {
        open ->
        load_consistent(TAKEN, shut);
        open = !shut
       }
    :: else
    fi;
    if
    :: d_step {
        open && bug != MISSED_UNSEEN ->
        load_consistent(MISSED, shut);
        open = !shut
       }
    :: else
    fi
}

/* come_into_use, with board_wake. open stays: the pond was not taken, and the bit is there yet. */
inline come_into_use()
{
    d_step { set_bit(USED) };
    if
    :: bug != NO_SECOND_LOOK -> may_enter()
    :: else
    fi;
    if
    :: d_step {
        open && bug != NO_LAST_LOOK && bug != NO_SECOND_LOOK ->
        load_consistent(USED, open)
       }
    :: else
    fi;
    if
    :: d_step {
        open ->
        load(ACTIVE, shut);
        if
        :: shut == 0 -> set_bit(ACTIVE)
        :: else
        fi
       }
    :: else
    fi
}

/* gate_enter; open: this thread is inside of its cache. Of pond B no more is known than that it is there. */
inline gate_enter(pond)
{
    atomic {
        say_busy(pond)
    };
    if
    :: pond == A -> may_enter()
    :: d_step {
        pond != A ->
        load_consistent(OPEN, open)
       }
    fi;
    if
    :: open && pond == A ->
        d_step { load(USED, shut) };
        if
        :: d_step {
            shut && bug != ACTIVE_UNSEEN ->
            load(ACTIVE, shut)
           }
        :: else
        fi;
        if
        :: !shut -> come_into_use()
        :: else
        fi
    :: else
    fi;
    d_step {
        shut = 0;
        if
        :: open && pond == A -> use_cache()
        :: open && pond != A -> skip
        :: else -> say_free()
        fi
    }
}

inline line_close()
{
    store_consistent(LIMIT, 0);
    store_consistent(BASE, CLOSED)
}

/* gate_leave, with line_is_right and line_open. `at` is the operation's epoch. */
inline gate_leave(at)
{
    d_step {
        owner_in = false;
        load(LOADED, m);
        load(BASE, x);
        load(LIMIT, y);
        end = 0;
        if
        :: m != 0 ->
            load(STAMP(m), count);
            if
            :: count == at -> end = PLACE(m, ROOM)
            :: else
            fi
        :: else
        fi;
        opens = m != 0 && !fenced && !watched;
        right = (opens && x == PLACE(m, 0) && y == end) || (!opens && x == CLOSED);
        if
        :: !right && opens ->
            store(LIMIT, end);
            if
            :: bug == RELAXED_BASE -> store(BASE, PLACE(m, 0))
            :: else -> store_consistent(BASE, PLACE(m, 0))
            fi
        :: !right && !opens -> line_close()
        :: else
        fi
    };
    if
    :: !right && opens && bug != NO_RECHECK ->
        if
        :: bug == RELAXED_BASE ->
            d_step {
                load(TAKEN, shut);
                open = !shut
            }
        :: else -> may_enter()
        fi;
        d_step {
            if
            :: !open -> line_close()
            :: else
            fi
        }
    :: else
    fi;
    d_step {
        shut = 0;
        say_free();
        right = false;
        opens = false;
        end = 0
    }
}

/* ---- registry.c: registry_admit, with drain_mine and admit_to. The lock is not to be had now and then. ---- */

inline drain_own_cache()
{
    load(LOADED, m);
    load(TOP, top);
    load(PREVIOUS, previous);
    if
    :: m != 0 || previous != 0 ->
        line_close();
        unload();
        set_previous(0, 0);
        fence();
        if
        :: m != 0 -> depot_give(m, epoch)
        :: else
        fi;
        if
        :: previous != 0 -> depot_give(previous, epoch)
        :: else
        fi
    :: else
    fi
}

inline admit()
{
    if
    :: d_step {
        !registry_lock ->
        fence();
        if
        :: mem[OPEN] == 0 || mem[MISSED] == 1 ->
            mem[ACTIVE] = 1;
            drain_own_cache();
            fence();
            mem[MISSED] = 0;
            knows = true;
            mem[OPEN] = 1
        :: else
        fi
       };
       gate_enter(A)
    :: true
    fi
}

/* ---- pool.c and inline.h ---- */

/* Into the cache, unless the pond is starved: as it says while the owner is inside. */
inline enter()
{
    looked = (bug == STARVED_LOOKED_AT_EARLY -> starved : 0);
    gate_enter(A);
    if
    :: !open -> admit()
    :: else
    fi;
    if
    :: open && bug != STARVED_CACHES && (bug == STARVED_LOOKED_AT_EARLY -> looked : starved) > 0 ->
        gate_leave(at);
        open = 0
    :: else
    fi;
    looked = 0
}

inline get()
{
    d_step {
        load(TOP, top);
        store(TOP, top + 1);
        load_bound(BASE, x);
        open = top > x;
        if
        :: open ->
            use_cache();
            m = MAGAZINE_OF(top)
        :: else
        fi
    };
    if
    :: open ->
        d_step {
            assert(INDEX_OF(top) > 0 || wild_pointer);
            load(SLOT(m, INDEX_OF(top) - 1), held);
            take(held, OWNER);
            owner_in = false;
            store_release(TOP, top - 2)
        }
    :: else ->
        d_step { unmark() };
        enter();
        if
        :: open ->
            cache_get();
            gate_leave(at)
        :: else
        fi;
        if
        :: held == 0 ->
            d_step {
                !pond_lock ->
                fence();
                shared_get(OWNER, held)
            }
        :: else
        fi
    fi
}

inline put()
{
    d_step {
        load(TOP, top);
        store(TOP, top + 1);
        load_bound(LIMIT, x);
        open = top < x;
        if
        :: open ->
            use_cache();
            m = MAGAZINE_OF(top)
        :: else
        fi
    };
    if
    :: open ->
        d_step {
            owner_in = false;
            put_in()
        }
    :: else ->
        d_step {
            unmark();
            putting = (limited -> held : 0)
        };
        enter();
        if
        :: open ->
            cache_put();
            gate_leave(at)
        :: else
        fi;
        if
        :: held != 0 ->
            d_step {
                !pond_lock ->
                fence();
                shared_put(held, began)
            }
        :: else
        fi;
        putting = 0
    fi
}

/* pool_get_cached: of pond_get_many, which begins with the gate. */
inline get_cached()
{
    gate_enter(A);
    if
    :: open ->
        d_step {
            look_at_cache();
            if
            :: m != 0 && INDEX_OF(top) > 0 -> take_top()
            :: else
            fi
        };
        gate_leave(at)
    :: else
    fi
}

proctype owner(byte held) provided (!stopped && !child)
{
    byte done, began, at, room_at, top, x, y, m, new, previous, previous_count, count, end;
    byte open, shut, looked;
    bool opens, right;
    do
    :: done < operations ->
        d_step {
            done++;
            began = epoch
        };
        if
        :: held == 0 ->
            get();
            if
            :: d_step {
                discards && held != 0 ->
                drop(held);
                held = 0
               }
            :: true
            fi
        :: held != 0 -> put()
        :: held == 0 && gets_many -> get_cached()
        :: other_pond ->
            gate_enter(B);
            if
            :: open -> d_step { say_free() }
            :: else
            fi
        fi;
        d_step {
            began = 0;
            at = 0;
            room_at = 0;
            top = 0;
            x = 0;
            y = 0;
            m = 0;
            new = 0;
            previous = 0;
            previous_count = 0;
            count = 0;
            open = 0
        }
    :: done == operations ->
        d_step {
            fence();
            owner_done = true
        };
        break
    od
}
