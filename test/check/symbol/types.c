/* SPDX-License-Identifier: BSD-2-Clause */
/* Types whose fields are asked for by offset. */
#include <stdint.h>

struct peer {
    char name[16];
    union {
        uint64_t whole;
        uint8_t part[8];
    };
    unsigned low : 3, high : 9;
    uint16_t port;
};

typedef struct conn {
    char token[16];
    struct peer peer;
    int32_t items[2][3];
    struct peer *next;
    char names[2][8];
    struct peer peers[2];
    uint8_t tail[];
} conn_t;

typedef const struct {
    int32_t x, y;
} point;

struct bits {
    char letter;
    int32_t number;
    unsigned some : 3;
};

struct bits types_bits;
struct peer types_peer;
conn_t types_conn;
point types_point = {1, 2};
