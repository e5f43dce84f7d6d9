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

/* As agents know it: docs/agent-protocol.md. */
#define PLAYERS_LOGIN_UID ((gint64)2000000000)

/*
 * The login uid of all that this player ("health/alice") runs in terminals opened through
 * Parry: 2000000000 + k, where k is the member's place among all members of all teams in
 * the plan, from 1. The same throughout a drill. -1: no such player.
 */
gint64 players_login_uid(const Plan *plan, const char *player);
/* The player's team, or -1. */
int players_team(const Plan *plan, const char *player);

#define PLAYERS_ERROR (players_error_quark())
GQuark players_error_quark(void);

#endif
