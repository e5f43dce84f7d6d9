/*
 * What the tables of words share (keys.c and keys_*.c).
 */
#ifndef PARRY_SCENARIOS_KEYS_SPEC_H
#define PARRY_SCENARIOS_KEYS_SPEC_H

#include "scenarios/keys.h"

/* Releases, for ks_since. */
#define V1 "0.1"
#define V2 "0.2"
#define V3 "0.3"

#define END                                                                              \
    {                                                                                    \
        .ks_key = NULL                                                                   \
    }

/* Words that more than one subject uses. */
extern const char *const words_risk[], *const words_tlp[], *const words_day[];

#endif
