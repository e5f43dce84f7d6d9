/*
 * A drill in this process: parryd's modules over simulated agents, on a clock that the
 * test sets. Where nothing else is said it is one with people, not a rehearsal.
 */
#ifndef PARRY_TESTS_UNIT_DIRECTOR_WORLD_H
#define PARRY_TESTS_UNIT_DIRECTOR_WORLD_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/sim/agents.h"

#define SEC ((gint64)G_USEC_PER_SEC)
#define MINUTE (60 * SEC)
#define HOUR (60 * MINUTE)

typedef struct {
    Daemon d;
    Facts *facts;
    Agents *agents;
    char *home;
    DaemonDeliver deliver;
    gpointer deliver_data;
    guint fail;     /* so many orders yet end with exit 7 */
    gboolean up;    /* a port answers, whatever was done to its host */
    GArray *failed; /* of gint64: id << 16 | host, to be answered */
    GArray *seen;   /* the same of checks */
} World;

/* Two blue teams (health, lands) with a web server each, one red; `extra` is YAML at the
 * top level, with the injects. The drill runs, at 0. */
World *world_new(const char *extra, gboolean rehearsal);
/* The same with more keys of `drill` and `scope`, such as ", seed: 7". */
World *world_new_with(const char *drill, const char *scope, const char *extra,
                      gboolean rehearsal);
/* Ends the drill where it has not ended, and checks what holds for every drill: each
 * inject came to exactly one terminal state. */
void world_free(World *world);

void world_settle(World *world);              /* until nothing is under way */
void world_to(World *world, gint64 clock_us); /* what is due on the way happens in time */
/* A round of health's web-up. */
void world_round(World *world, CheckStatus status);

const char *world_state(World *world, const char *inject); /* the ledger's word */
gint64 world_executed(World *world, const char *inject);   /* drill time, -1 */
/* How many events of that kind, about that inject where it is not NULL. */
guint world_count(World *world, const char *kind, const char *inject);
/* Member of the newest such event's body, as text; "" where there is none. */
char *world_body(World *world, const char *kind, const char *inject, const char *member);
/* A word of white's: how many took it. */
guint world_say(World *world, InjectsWord word, const char *inject, const char *team);

#endif
