/*
 * The guests' clocks: set when a guest is personalised, and after it stood still.
 *
 * The message bears the time at which it leaves, and is sent once more where the answer
 * took so long that the guest may be off by it. What is wrong between two settings is
 * measured at each heartbeat, not here.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CLOCKS_H
#define PARRY_ORCHESTRATOR_DAEMON_CLOCKS_H

#include "orchestrator/daemon/daemon.h"

/* Sets the host's clock by this machine's, at once, and journals by how much it was
 * wrong. why: a constant text, "personalised", "resumed", "restored". */
void clocks_set(Daemon *d, int host, const char *why);

/* The same for every host whose agent has spoken. */
void clocks_set_all(Daemon *d, const char *why);

/* How many microseconds the agent's answer says that its clock was set by. */
gboolean clocks_corrected(const char *text, gint64 *by_us);

#endif
