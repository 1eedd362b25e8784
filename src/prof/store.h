/* SPDX-License-Identifier: BSD-2-Clause */
/* What protobuf-c makes of a profile, in memory that is bounded: a short file may say that it is enormous. */
#ifndef PROF_STORE_H
#define PROF_STORE_H

#include "profile.h"

#include <profile.pb-c.h>

typedef Perftools__Profiles__Profile proto_profile;
typedef Perftools__Profiles__Sample proto_sample;
typedef Perftools__Profiles__Location proto_location;
typedef Perftools__Profiles__Function proto_function;
typedef Perftools__Profiles__Mapping proto_mapping;
typedef Perftools__Profiles__Label proto_label;

typedef struct store {
    ProtobufCAllocator allocator;
    size_t used;
    proto_profile *proto;
} store;

/* NULL, and a sentence, where it is no profile. */
store *store_unpack(const bytes *encoded, trouble *t);
void store_free(store *s);

/* Where an id of locations, functions or mappings is; they need not be in order. */
typedef struct place {
    uint64_t id;
    size_t at;
} place;
typedef struct places {
    place *sorted;
    size_t count;
} places;

/* Sorts those that are filled in; false when an id is 0 or there twice. */
bool places_sort(places *all, const char *what, trouble *t);
bool places_find(const places *all, uint64_t id, size_t *at);

#endif
