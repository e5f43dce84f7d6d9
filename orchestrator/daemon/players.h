/*
 * Players and their keys. The journal knows a player as TEAM/NAME; a member whose
 * scenario says `key: generate` gets a key pair in PARRY_HOME/keys/DRILL/players, 0600.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PLAYERS_H
#define PARRY_ORCHESTRATOR_DAEMON_PLAYERS_H

#include "orchestrator/daemon/daemon.h"

/* Makes the missing key pairs. */
gboolean players_prepare(Daemon *d, GError **error);

/* The member of the team `user` whose public key has this base64 blob, or NULL. */
const PlanMember *players_find(Daemon *d, const char *user, const char *key_base64);

#define PLAYERS_ERROR (players_error_quark())
GQuark players_error_quark(void);

#endif
