/* The parryd that the gate's tests make up: see gate_parryd.c. */
#ifndef PARRY_TESTS_GATE_PARRYD_H
#define PARRY_TESTS_GATE_PARRYD_H

#include "scoreboard/rpc.h"
#include "tests/integration/gate_rig.h"

#include <event2/thread.h>

typedef struct GateParryd GateParryd;

/* Listens at path, in a thread; key_blob: the one key that may come in, as "health". */
GateParryd *gate_parryd_new(const char *path, const char *key_blob);
void gate_parryd_stop(GateParryd *parryd);
void gate_parryd_free(GateParryd *parryd);
RigSeen gate_parryd_seen(GateParryd *parryd);

/* Byte i of what "big" prints. */
static inline char rig_pattern(gsize i)
{
    return (char)('a' + (i * 7 + i / 251) % 26);
}

#endif
