/* SPDX-License-Identifier: BSD-2-Clause */
/* The sets of words. */
#ifndef POND_CHECK_HELP_H
#define POND_CHECK_HELP_H

#include <pond/debug.h>

#define WORDS_FAST "double,tag,confine,redzone,leak,stacks=1"
#define WORDS_FULL "double,tag,confine,reset,poison,redzone,leak,guard=1/100,stacks=16"

#endif
