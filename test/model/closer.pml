/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The closer: any other thread, without a cache. It ticks, or closes one pond alone, or forks; and gets and
 * puts by the shared way.
 */

bool closer_done;

#define BY_NOTHING 0
#define BY_BUSY 1
#define BY_MARK 2
#define UNTOLD 3 /* no barrier, and the owner may not know it yet */

/* take_pond: lines of used caches alone are closed. */
inline close_lines()
{
    if
    :: used ->
        atomic {
            late(BASE);
            open_line = mem[BASE] != CLOSED
        };
        if
        :: open_line ->
            if
            :: bug == KEEP_LIMIT -> skip
            :: bug != KEEP_LIMIT ->
                atomic {
                    maybe_early();
                    late(LIMIT);
                    mem[LIMIT] = 0
                }
            fi;
            atomic {
                maybe_early();
                late(BASE);
                mem[BASE] = CLOSED
            }
        :: else
        fi;
        open_line = false
    :: else
    fi
}

/* pass_barrier; from some moment on it is refused. */
inline barrier()
{
    if
    :: fenced || bug == NO_BARRIER -> skip
    :: d_step { !fenced && bug != NO_BARRIER -> fence() }
    :: !fenced && refusable && bug == BARRIER_IGNORED -> skip
    :: d_step {
        !fenced && refusable && bug != BARRIER_IGNORED ->
        fenced = true;
        knows = false;
        mem[OPEN] = 0
       }
    fi
}

/*
 * is_inside, of pond A. The number of looks is bounded, so any failing one may be the last; and to look again
 * is as good as to look later: there is one.
 */
inline wait_for()
{
    do
    :: !knows && bug != UNTOLD_TRUSTED ->
        inside = UNTOLD;
        break
    :: knows || bug == UNTOLD_TRUSTED ->
        atomic {
            late(BUSY);
            inside = BY_NOTHING;
            if
            :: bug == NO_WAIT_BUSY -> skip
            :: bug != NO_WAIT_BUSY && mem[BUSY] == A -> inside = BY_BUSY
            :: else
            fi
        };
        if
        :: inside == BY_NOTHING && bug != NO_WAIT_TOP ->
            atomic {
                late(TOP);
                if
                :: mem[TOP] % 2 == 1 -> inside = BY_MARK
                :: else
                fi
            }
        :: else
        fi;
        if
        :: inside == BY_NOTHING || bug != WAIT_ENDLESS -> break
        :: inside != BY_NOTHING && bug == WAIT_ENDLESS ->
            buffered > 0 || (mem[BUSY] == 0 && mem[TOP] % 2 == 0)
        fi
    od
}

/* Of pond B a barrier is all that matters to the owner. */
inline gates_close()
{
    atomic {
        !registry_lock ->
        registry_lock = true;
        if
        :: pond != B -> mem[TAKEN] = 1
        :: else
        fi
    };
    d_step { used = pond != B && mem[USED] };
    close_lines();
    if
    :: used || pond == B -> barrier()
    :: else
    fi;
    find_missed()
}

/* Of the caches that are used by now. */
inline find_missed()
{
    if
    :: pond != B ->
        d_step { used = mem[USED] };
        if
        :: used -> wait_for()
        :: else
        fi;
        atomic {
            mem[MISSED] = inside != BY_NOTHING;
            used = false
        }
    :: else -> used = false
    fi
}

inline gates_open()
{
    d_step {
        if
        :: pond != B -> mem[TAKEN] = 0
        :: else
        fi;
        inside = BY_NOTHING;
        pond = 0;
        registry_lock = false
    }
}

/* cache_drain, within a d_step */
inline drain()
{
    m = mem[LOADED];
    previous = mem[PREVIOUS];
    if
    :: m != 0 || previous != 0 ->
        mem[LIMIT] = 0;
        mem[BASE] = CLOSED;
        mem[LOADED] = 0;
        mem[PREVIOUS] = 0;
        mem[PREVIOUS_COUNT] = 0;
        if
        :: m != 0 ->
            mem[COUNT(m)] = (UNMARKED(mem[TOP]) - PLACE(m, 0)) / 2;
            depot_give(m, epoch)
        :: else
        fi;
        if
        :: previous != 0 -> depot_give(previous, epoch)
        :: else
        fi
    :: else
    fi;
    m = 0;
    previous = 0
}

/* registry_drain, with gate_next_free: the cache is used now, and was not found inside. gate_emptied. */
inline drain_cache()
{
    if
    :: d_step {
        mem[USED] == 1 && mem[MISSED] == 0 ->
        assert(!owner_in || two_in_cache);
        closer_in = true
       };
       atomic {
            late(LOADED);
            late(PREVIOUS);
            late(TOP);
            d_step {
                assert(!owner_in || two_in_cache);
                drain();
                closer_in = false
            }
       };
       mem[USED] = 0
    :: else
    fi
}

/* is_quiet, board_sleep: whatever is in the depot, which keeps ponds awake in the code. */
inline sleep()
{
    d_step { unused = mem[USED] == 0 };
    d_step {
        if
        :: unused ->
            assert(!owner_in || unseen_in_cache);
            mem[ACTIVE] = 0
        :: else
        fi;
        unused = false
    }
}

/* turn: depot_turn, the epoch, the caches, the shared magazine */
inline turn()
{
    do
    :: d_step { pop(STACK(epoch + 1), m) };
        if
        :: m != 0 -> d_step {
            push(OVERDUE, m);
            m = 0
           }
        :: else -> break
        fi
    od;
    epoch++;
    if
    :: inside == BY_NOTHING && !child -> drain_cache()
    :: else
    fi;
    d_step {
        shared_drain();
        if
        :: bug == CLOSER_OPENS && inside == BY_NOTHING && mem[LOADED] == 0 ->
            depot_pop(m, epoch);
            if
            :: m != 0 ->
                mem[LOADED] = m;
                mem[TOP] = PLACE(m, mem[COUNT(m)]);
                mem[LIMIT] = 0;
                mem[BASE] = PLACE(m, 0)
            :: else
            fi;
            m = 0
        :: bug != CLOSER_OPENS && inside == BY_NOTHING && !child -> all_in_one_place()
        :: bug != CLOSER_OPENS && inside == BY_NOTHING && child -> all_in_one_place_at_most()
        :: else
        fi
    };
    if
    :: !child -> sleep()
    :: else
    fi
}

/* drop_due: a magazine is due, then its objects go. */
inline drop_due()
{
    do
    :: d_step { depot_pop_due(dropping, epoch) };
        if
        :: dropping != 0 -> d_step {
            do
            :: mem[COUNT(dropping)] > 0 ->
                mem[COUNT(dropping)] = mem[COUNT(dropping)] - 1;
                o_ = mem[SLOT(dropping, mem[COUNT(dropping)])];
                assert(hands[o_] == IDLE || object_in_two_hands);
                assert(put_at[o_] + 2 <= epoch || dropped_early);
                drop(o_);
                o_ = 0
            :: else -> break
            od;
            depot_give(dropping, epoch);
            dropping = 0
           }
        :: else -> break
        fi
    od
}

/* fork_prepare, fork_child: memory is as it is at one instant, and the owner is gone. */
inline become_child()
{
    late_all();
    d_step {
        child = true;
        do
        :: buffered > 0 ->
            buffered--;
            to[buffered] = 0;
            what[buffered] = 0;
            release[buffered] = false
        :: else -> break
        od;
        forget_early();
        owner_in = false;
        mem[TOP] = UNMARKED(mem[TOP]);
        mem[BUSY] = 0;
        assert(mem[USED] == 1 || (mem[LOADED] == 0 && mem[PREVIOUS] == 0) || unseen_in_cache);
        if
        :: inside == BY_NOTHING || bug == FORK_DRAINS_BUSY -> drain()
        :: else ->
            mem[LOADED] = 0;
            mem[PREVIOUS] = 0;
            mem[PREVIOUS_COUNT] = 0;
            mem[LIMIT] = 0;
            mem[BASE] = CLOSED
        fi;
        all_in_one_place_at_most();
        mem[MISSED] = 0;
        mem[USED] = 0;
        knows = true;
        inside = BY_NOTHING
    }
}

/* gather_one, close_whole. The closer does not try again when the owner was inside. */
inline gather()
{
    pond = A;
    gates_close();
    pond_lock = true;
    if
    :: inside == BY_NOTHING ->
        drain_cache();
        d_step {
            shared_get(CLOSER, held);
            if
            :: IS_NOWHERE_IDLE -> starved = STARVED_PUTS
            :: else
            fi
        }
    :: else
    fi;
    pond_lock = false;
    gates_open()
}

/* A get at max_objects: all OBJECTS are made, and what there is may be in the owner's cache. */
inline get_at_limit()
{
    d_step {
        refusing = true;
        was_none_idle = IS_NONE_IDLE;
        shared_get(CLOSER, held);
        if
        :: held == 0 && starved > 0 ->
            starved = STARVED_PUTS;
            refused = true;
            assert(was_none_idle || IS_NONE_IDLE || refused_wrongly)
        :: else
        fi
    };
    if
    :: held == 0 && !refused -> gather()
    :: else
    fi;
    d_step {
        refusing = false;
        was_none_idle = false;
        refused = false
    }
}

inline get_or_put()
{
    if
    :: held == 0 && !limited -> d_step { shared_get(CLOSER, held) }
    :: held == 0 && limited && !child -> get_at_limit()
    :: held != 0 -> d_step { shared_put(held, epoch) }
    :: true
    fi
}

proctype closer()
{
    byte round, pond, inside, m, previous, held;
    bool open_line, turns, refused, used, unused;
    do
    :: round < rounds ->
        round++;
        if
        :: turns = true
        :: other_pond -> pond = B
        :: forks && !child -> skip
        fi;
        if
        :: !child -> gates_close()
        :: else -> registry_lock = true
        fi;
        pond_lock = true;
        if
        :: turns -> turn()
        :: !turns && pond == ALL -> atomic { become_child() }
        :: !turns -> skip
        fi;
        pond_lock = false;
        gates_open();
        if
        :: turns -> drop_due()
        :: else
        fi;
        turns = false;
        get_or_put()
    :: round == rounds -> break
    od;
    closer_done = true
}
