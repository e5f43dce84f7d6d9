/*
 * Signed checkpoints of the drill's journal: every minute in which something happened,
 * and at the end.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_SIGNER_H
#define PARRY_ORCHESTRATOR_DAEMON_SIGNER_H

#include "orchestrator/daemon/daemon.h"

gboolean signer_open(Daemon *d,
                     GError **error); /* makes or loads the key, starts the tick */
void signer_close(Daemon *d);
const char *signer_public(const Daemon *d); /* the verifier's key, as text */
void signer_checkpoint(Daemon *d);          /* now, over what is committed */

#endif
