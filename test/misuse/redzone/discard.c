/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow of an object that is discarded, in a typed pond
// word: redzone
// report: overflow: 1 byte behind the object was written
// asan: use-after-poison
#include "misuse.h"
#include <pond/typed.h>

struct packet {
    char bytes[48];
};

POND_DECLARE(packet, struct packet)
POND_DEFINE(packet, struct packet)

static void program(void)
{
    struct packet *packet = packet_get();
    expect(packet != NULL, "an object");
    char *bytes = packet->bytes;
    memset(bytes, 1, wrong ? 49 : 48);
    packet_discard(packet);
    end(packet_pond());
}
