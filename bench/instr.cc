/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many instructions does a get and put pair take? Does as many pairs of 64 bytes as its argument
 * says; bench/instr counts the instructions of two such runs and subtracts.
 */
#include "peer.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "%s: needs one argument, the number of pairs\n", argv[0]);
        return 2;
    }
    become_threaded();
    peer_proof();
    peer_prepare<64>(16383);
    for (unsigned long left = std::strtoul(argv[1], nullptr, 10); left != 0; left--)
        put<64>(get<64>());
    return 0;
}
