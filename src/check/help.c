/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of words that POND_DEBUG=help prints. */
#include "help.h"

/* Cost: how many times as long as unwatched a get and put of 64 bytes takes, with stacks=1. */
static const char help[] =
    "pond: POND_DEBUG=word,word...  what each catches, and how many times as long a get and put takes\n"
    "  double       a put of what is not live (put twice), with both stacks                      7\n"
    "  tag          a put into another pond, of another type, of no object: names the owner      7\n"
    "  confine      a put by another thread than got it, in a POND_THREAD_CONFINED pond          7\n"
    "  reset        what reset leaves behind: by field, else by byte (times a pond with hooks)   4\n"
    "  poison[=N]   writes after put, to the first N bytes (0: all)                             26\n"
    "  redzone *    overflow and underflow, seen at put; after put at the next get, drop, tick   7\n"
    "  grow         an object dropped for exceeding max_footprint                                7\n"
    "  hold=N       objects live for more than N epochs, at the tick, counted by place           7\n"
    "  leak[=1]     live at pond_destroy, lost at exit, by stack; 1: a line says what is kept     7\n"
    "  guard[=1/N]  any access after put, most outside an object, for one get in N (or: =N;\n"
    "               guard alone: every get)                                                      3 at "
    "1/1000\n"
    "  stacks=N     deepest stacks kept: 1 the caller alone, 0 none, else 16 (with guard alone 1)\n"
    "               A put that ends its function is a jump at -O2, and the frame is that of the\n"
    "               function's caller: compile with -fno-optimize-sibling-calls to see it       800 at 16\n"
    "  fail=P       P of 1,000 gets fail                                                        21\n"
    "  chaos=SEED   random drops, steals, cold-first reuse, delayed ticks                       42\n"
    "  bypass       each get makes an object, each put drops it: is the pond at fault?          33\n"
    "  audit        pond_audit at each tick: zones, poison, states of all objects                7\n"
    "  log          go on after a report instead of aborting\n"
    "  fast         = " WORDS_FAST "\n"
    "  full         = " WORDS_FULL "\n"
    "  off          nothing;  help  this table\n"
    "  -WORD        without this one of a set: full,-leak\n"
    "  WORD@NAME    for ponds of that name alone: full@conn*,-leak@conns,guard=100@sockets. The name is a\n"
    "               pattern; all words but log, off and help. What is said of a name counts more\n"
    "  * for ponds created while it is on\n";

const char *pond_debug_help(void)
{
    return help;
}
