/* Checks of services: each asynchronous, each with a hard deadline, each answered once.
 */
#ifndef PARRY_AGENT_CHECK_H
#define PARRY_AGENT_CHECK_H

#include "agents/agent/agent.h"

/* Takes m over. */
void check_take(struct agent *a, struct wire_msg *m);

/* Drops all; quietly: without answers, else as unchecked. */
void checks_abort(struct agent *a, bool quietly);

#endif
