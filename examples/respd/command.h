/* SPDX-License-Identifier: BSD-2-Clause */
/* What each command is answered. */
#ifndef RESPD_COMMAND_H
#define RESPD_COMMAND_H

#include "pools.h"

/* Fills in the reply to r->command. True: the client wants the connection closed after it. */
bool command_answer(struct request *r);

/* The reply to what is no command. */
void command_refuse(struct request *r, const char *error);

#endif
