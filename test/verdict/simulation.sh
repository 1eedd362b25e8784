#!/bin/sh
# The judge says of simulated programs what is expected of it: five runs of each pattern here, also with all times divided
# by 60; `make verdict-simulation` makes forty.
. test/build/lib.sh

simulation=$scratch/simulation
# shellcheck disable=SC2086 # flags
"$CC" -std=c11 -O2 $STRICT -o "$simulation" src/verdict/*.c test/verdict/simulation/*.c -lm
"$simulation" --runs=5
"$simulation" --runs=2 --faster=60
