/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ponds do, served by respd's own loop: --sight. A server that speaks HTTP already needs no
 * libpond-http; pond_profile_answer of libpond-profile says what to send.
 */
#ifndef RESPD_SIGHT_H
#define RESPD_SIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Whether respd was built with libpond-profile. */
extern const bool sight_can_serve;

struct sight {
    uv_tcp_t tcp; /* listens */
    struct visitor *visitors;
    unsigned count;
    bool open;
};

/* Serves on a port of 127.0.0.1; 0: one that is free. False: it was reported, and nothing is left open. */
bool sight_start(struct sight *s, uv_loop_t *loop, uint16_t port);

/* The port that is listened on. */
unsigned sight_port(const struct sight *s);

/* Ends all that sight_start began, if it did. The loop has to run once more. */
void sight_stop(struct sight *s);

#endif
